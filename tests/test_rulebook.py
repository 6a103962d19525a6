"""What the files of `rules/` must be: every fault at its place, and one broken file leaves the others in use."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.documents.document import load
from alerting.errors import ConfigError, Faults
from alerting.evaluation.dry_run import check_book
from alerting.evaluation.evaluate import evaluate
from alerting.model import Finding, Level, Tier
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import Rulebook, load_rulebook
from tests.rule_folder import SUBJECT, Folder


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


def ids(book: Rulebook) -> list[str]:
    return [rule.id for rule in book.rules]


# A good folder


def test_a_good_folder_has_no_faults(folder):
    book = folder.load()

    assert (book.faults, book.broken, book.stopping) == ((), (), ())
    assert ids(book) == ["visits-few"]
    assert check_book(book) == []


def test_a_rule_carries_what_is_said_of_it_and_what_it_needs(folder):
    [rule] = folder.load().rules

    assert (rule.code, rule.title, rule.pack) == ("CL-01", "Few visits", "practice")
    assert rule.place.endswith("rules/practice/visits-few.yaml")
    assert list(rule.levels) == [Level.red, Level.amber]
    assert rule.reads == {"ssd_person", "ext_restricted"}
    assert rule.facts == ("born_on", "visits")
    assert dict(rule.params) == {"adult_age": 18, "red_visits": 1, "short_statuses": ["V3", "V4"]}


def test_a_rule_that_does_not_say_what_it_reads_waits_for_all_that_its_subject_reads(folder):
    sql = "SELECT p.person_id, 'T1' AS team_id, p.born_on, 2 AS visits, ['C2'] AS statuses FROM v_everybody p"
    folder.change("subjects/child.yaml", (sql, sql + " JOIN ssd_cp_visits v ON v.cppv_person_id = p.person_id"))
    folder.change("practice/visits-few.yaml", ("reads: [ssd_person]\n", ""))

    [rule] = folder.load().rules

    assert rule.reads == {"ssd_person", "ext_restricted", "ssd_cp_visits"}


def test_a_rule_keeps_what_it_was_read_from_for_the_places_of_later_faults(folder):
    [rule] = folder.load().rules
    (folder.path / "practice/visits-few.yaml").unlink()

    assert str(rule.source.place(("levels", "red"))).endswith("rules/practice/visits-few.yaml:21:8")
    assert rule.source.text.startswith("id: visits-few")


def test_a_step_is_as_private_as_what_it_is_made_of(folder):
    folder.change(
        "practice/visits-few.yaml",
        ("  age: age_on(born_on, today())\n", "  age: age_on(born_on, today())\n  twice: visits * 2\n"),
    )

    [rule] = folder.load().rules

    assert (rule.tiers["age"], rule.tiers["twice"], rule.tiers["measure"]) == (Tier.detail, Tier.reference, Tier.reference)


def test_a_rules_version_changes_with_what_decides_what_it_says(folder):
    def version(**overrides: Any) -> str:
        [rule] = folder.load(overrides).rules
        return rule.version

    before = version()
    assert version() == before
    assert version(settings={"CL-01": {"params": {"red_visits": 2}}}) != before
    folder.change("subjects/child.yaml", ("2 AS visits", "3 AS visits"))
    assert version() != before


def test_packs_are_folders_and_all_of_them_unless_chosen(folder):
    folder.rule("local/own-rule.yaml")

    assert ids(folder.load()) == ["visits-few", "own-rule"]
    assert ids(folder.load(packs=["local", "practice"])) == ["own-rule", "visits-few"]
    assert ids(folder.load(packs=["practice"])) == ["visits-few"]


def test_a_later_pack_can_replace_a_rule(folder):
    folder.rule("zlocal/visits-few.yaml", ("title: Few visits", "title: Ours\nreplaces: visits-few"))

    book = folder.load()

    assert (book.faults, [rule.title for rule in book.rules]) == ((), ["Ours"])


def test_a_rule_that_replaces_one_can_be_replaced(folder):
    folder.rule("local/ours.yaml", ("title: Few visits", "title: Ours\nreplaces: visits-few"))
    folder.rule("zlocal/newest.yaml", ("title: Few visits", "title: Newest\nreplaces: ours"))
    for name in ("local/ours.yaml", "zlocal/newest.yaml"):
        text = (folder.path / name).read_text()
        folder.write(name, text.replace(text.splitlines()[1], "code: CL-01"))

    book = folder.load(packs=["practice", "local", "zlocal"])

    assert (book.faults, ids(book)) == ((), ["newest"])


def test_only_the_tables_and_columns_that_are_needed_are_read(folder):
    book = folder.load()

    wanted = book.wanted(book.rules)

    assert set(wanted) == {"ssd_person", "ext_restricted", "ext_merged", "ext_load", "ext_staff", "ext_team", "ext_cover"}
    assert wanted["ssd_person"] == {"pers_person_id", "pers_dob"}


# Faults of a rule file, each with its place and what to do


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # keys
        ([("title: Few visits", "titel: Few visits")], ["3:1: unknown key `titel`\n  Did you mean 'title'?"]),
        ([("job: daily", "job: hourly")], ["8:6: `job` should be daily, weekly or monthly"]),
        ([("reads: [ssd_person]", "reads: ssd_person")], ["9:8: `reads` should be a list\n  Write it in square brackets: [ssd_person]."]),
        ([("kind: local", "kind: lokal")], ["7:15: `basis.kind` should be statutory, guidance or local\n  Did you mean 'local'?"]),
        ([("code: CL-01", "code: cl01")], ["2:7: `code` is not written as it should be\n  Such as CL-01."]),
        ([("amber: [worker]", "ambre: [worker]")], ["25:10: unknown key `ambre`\n  Did you mean 'amber'?"]),
        ([('"has(statuses, short_statuses)"', "has(statuses, short_statuses)")], ["26:39: unknown key `short_statuses)`\n  Put the expression before it in quotes: inside { } a comma begins a new key."]),
        ([("  amber: measure < 3", "  purple: measure < 3")], ["20:3: unknown key `purple`\n  The keys here are: info, amber, red, critical."]),
        # names
        ([("subject: child", "subject: chil")], ["13:10: there is no subject 'chil'\n  Did you mean 'child'?"]),
        ([("reads: [ssd_person]", "reads: [ssd_persons]")], ["9:9: `reads.0`: there is no table 'ssd_persons'\n  Did you mean 'ssd_person'?"]),
        ([("requires: [born_on]", "requires: [born]")], ["12:12: `requires.0`: there is no column 'born'\n  Did you mean 'born_on'?"]),
        ([("id: visits-few", "id: few-visits")], ["1:5: the id is 'few-visits' but the file is visits-few.yaml\n  Write `id: visits-few`, or call the file few-visits.yaml."]),
        ([("owner:", "replaces: visit-few\nowner:")], ["6:11: 'visit-few' is not a rule of an earlier pack"]),
        ([("  age: age_on", "  statuses: age_on"), ("and age <", "and 1 <"), ("due: add_days(born_on, 7)\n", ""), ('also: {service_manager: "has(statuses, short_statuses)"}\n', "")], ["16:3: `let.statuses`: 'statuses' is the name of something else\n  Give it a name of its own."]),
        ([("  age: age_on", "  adult_age: age_on"), ("and age <", "and 1 <")], ["16:3: `let.adult_age`: 'adult_age' is the name of something else\n  Give it a name of its own."]),
        ([("  age: age_on", "  measure: age_on"), ("and age <", "and 1 <")], ["16:3: `let.measure`: 'measure' is the name of something else\n  Give it a name of its own."]),
        ([("red_visits: 1", "red_visits: 1\n  visits: 3")], ["12:3: `params.visits`: 'visits' is the name of something else\n  Give it a name of its own."]),
        ([("  age: age_on", "  Its age: age_on"), ("and age <", "and 1 <")], ["16:3: `let.Its age`: 'Its age' cannot be a name\n  Write it in a-z, 0-9 and _, a letter first."]),
        ([(", red: [team_manager]", "")], ["25:9: `notify`: nobody is told of level red\n  Add `red: [team_manager]` or whoever it is."]),
        ([("due:", "when_null: critical\ndue:")], ["26:9: `notify`: nobody is told of level critical\n  Add `critical: [team_manager]` or whoever it is."]),
        ([("also:", "examples: [{says: a, as_of: 2026-03-31, row: {visit: 1}, gives: red}]\nalso:")], ["26:47: `examples.0.row.visit`: there is no column 'visit'\n  Did you mean 'visits'?"]),
        # expressions: plain, in a block, in quotes
        ([("measure: visits", "measure: visit")], ["17:10: `measure`: there is no column or parameter 'visit'\n  Did you mean 'visits'?"]),
        ([("measure: visits", "measure: visits > 2")], ["17:10: `measure`: this gives a yes-or-no, but a number is needed here\n  Write how_many(...) for 1 or 0, or put the comparison under `levels`."]),
        ([("and age <", "and aeg <")], ["23:11: `levels.red`: there is no column or parameter 'aeg'\n  Did you mean 'age'?"]),
        ([("amber: measure < 3", 'amber: "measure < three"')], ["20:21: `levels.amber`: there is no column or parameter 'three'\n  `alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line."]),
        ([("amber: measure < 3", "amber: measure < 3 visits")], ["20:22: `levels.amber`: 'visits' is left over\n  Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`."]),
        ([("  age: age_on(born_on, today())", "  age: (select max(pers_dob) from ssd_person)")], ["16:16: `let.age`: a subquery is not part of the rule language\n  A rule asks about its subject's own columns; what they are made of stands in the subject's SQL."]),
        ([("amber: measure < 3", "amber: exists (select 1 from ssd_person)")], ["20:25: `levels.amber`: a subquery is not part of the rule language\n  A rule asks about its subject's own columns; what they are made of stands in the subject's SQL."]),
        ([("amber: measure < 3", "amber: getenv('HOME') = 'x'")], ["20:10: `levels.amber`: there is no function 'getenv'\n  `alerting rules functions` lists them all."]),
        ([("has(statuses, short", "has(visits, short")], ["26:30: `also.service_manager`: has() needs a list of codes, but this is a number\n  Such as `has(codes('C1', 'E1'), 'E1')`."]),
        ([("due: add_days(born_on, 7)", "due: visits")], ["24:6: `due`: this gives a number, but a date is needed here\n  Such as add_days(x, 42), where x is a date."]),
        # what follows a faulty step is judged on its own
        ([("  age: age_on(born_on, today())", "  age: age_on(bornon, today())")], ["16:15: `let.age`: there is no column or parameter 'bornon'\n  Did you mean 'born_on'?"]),
    ],
)  # fmt: skip
def test_a_fault_of_a_rule_has_its_place_and_what_to_do(folder, changes, expected):
    folder.change("practice/visits-few.yaml", *changes)

    found = [fault.removeprefix("practice/visits-few.yaml:") for fault in folder.faults()]

    assert sorted(found) == sorted(expected)


def test_a_step_may_use_only_the_steps_before_it(folder):
    folder.change("practice/visits-few.yaml", ("  age: age_on", "  older: age + 1\n  age: age_on"))

    [fault] = folder.faults()

    assert fault.startswith("practice/visits-few.yaml:16:10: `let.older`: there is no column or parameter 'age'")


def test_every_fault_of_every_file_is_found_in_one_pass(folder):
    folder.change("practice/visits-few.yaml", ("measure: visits", "measure: visit"), ("job: daily", "jobs: daily"))
    folder.rule("practice/second.yaml", ("measure: visits", "measure: visit"), ("due: add_days", "due: ad_days"))
    folder.write("practice/third.yaml", "id: third\n\tcode: X")

    found = folder.faults()

    assert [fault.partition(" ")[0] for fault in found] == [
        "practice/second.yaml:17:10:",
        "practice/second.yaml:24:6:",
        "practice/third.yaml:2:1:",
        "practice/visits-few.yaml:8:1:",
        "practice/visits-few.yaml:17:10:",
    ]


def test_a_level_may_be_written_as_a_bare_value(folder):
    folder.change("practice/visits-few.yaml", ("amber: measure < 3", "amber: true"), ("measure: visits", "measure: 2"))

    assert folder.faults() == []


# One broken file


@pytest.mark.parametrize(
    "text",
    ["", "id: [", "- id: broken", "just words", "id: broken\nid: broken", "\tid: broken", "id: broken\ncode: 7\nlevels: 3"],
)
def test_a_broken_file_leaves_the_others_in_use(folder, text):
    folder.write("practice/broken.yaml", text)

    book = folder.load()

    assert ids(book) == ["visits-few"]
    assert [broken.id for broken in book.broken] == ["broken"]
    assert "rules/practice/broken.yaml" in book.broken[0].problem
    assert book.ids == {"visits-few", "broken"}


def test_a_broken_rule_keeps_its_name_and_its_job(folder):
    folder.change("practice/visits-few.yaml", ("measure: visits", "measure: visit"), ("job: daily", "job: weekly"))

    [broken] = folder.load().broken

    assert (broken.id, broken.code, broken.job) == ("visits-few", "CL-01", "weekly")
    assert broken.problem.endswith("visits-few.yaml:17:10: `measure`: there is no column or parameter 'visit'")


def test_of_two_rules_with_one_id_the_first_stays_in_use(folder):
    folder.rule("zlocal/visits-few.yaml")

    book = folder.load()

    assert [rule.pack for rule in book.rules] == ["practice"]
    [fault] = book.faults
    assert str(fault.where).endswith("rules/zlocal/visits-few.yaml:1:5")
    assert fault.problem == f"the rule id 'visits-few' is used twice, first in {folder.path.as_posix()}/practice/visits-few.yaml"
    assert fault.remedy == "Rename one, or write `replaces: visits-few` if this one is to stand for it."


def test_the_alerts_of_a_rule_are_not_held_because_a_second_file_took_its_id(folder):
    folder.rule("zlocal/visits-few.yaml")

    assert [broken.id for broken in folder.load().broken] == ["zlocal/visits-few"]


def test_of_two_rules_with_one_id_neither_is_in_use_when_the_first_is_broken(folder):
    folder.change("practice/visits-few.yaml", ("measure: visits", "measure: visit"))
    folder.rule("zlocal/visits-few.yaml")

    book = folder.load()

    assert ids(book) == []
    assert [fault.problem.partition(",")[0] for fault in book.faults] == [
        "`measure`: there is no column or parameter 'visit'",
        "the rule id 'visits-few' is used twice",
    ]


def test_a_file_that_cannot_be_read_does_not_take_the_id_of_a_rule_in_use(folder):
    folder.write("apart/visits-few.yaml", "id: [")

    book = folder.load()

    assert (ids(book), [broken.id for broken in book.broken]) == (["visits-few"], ["apart/visits-few"])


def test_of_two_rules_with_one_code_the_first_stays_in_use(folder):
    folder.rule("zlocal/other.yaml")
    folder.change("zlocal/other.yaml", ("code: CL-13", "code: CL-01"))

    book = folder.load()

    assert ids(book) == ["visits-few"]
    assert [fault.problem.partition(" is used")[0] for fault in book.faults] == ["the code CL-01"]


def test_a_broken_replacement_leaves_the_rule_it_would_replace(folder):
    folder.rule(
        "zlocal/ours.yaml", ("title: Few visits", "title: Ours\nreplaces: visits-few"), ("measure: visits", "measure: no")
    )

    assert ids(folder.load()) == ["visits-few"]


def test_a_broken_subject_breaks_its_rules_and_no_others(folder):
    folder.write("subjects/worker.yaml", SUBJECT.replace("id: child", "id: worker").replace("key: person_id", "key: worker_id"))
    folder.rule("practice/of-workers.yaml", ("subject: child", "subject: worker"))

    book = folder.load()

    assert ids(book) == ["visits-few"]
    assert [broken.id for broken in book.broken] == ["of-workers"]
    assert [str(fault).partition("rules/")[2] for fault in book.faults] == [
        "subjects/worker.yaml:5:6: 'worker_id' is not one of the columns",
        "practice/of-workers.yaml:13:10: the subject 'worker' cannot be used: its files have faults\n  Put subjects/worker.yaml right first.",
    ]


def test_a_folder_without_rules_is_said_to_be_one(tmp_path):
    with pytest.raises(ConfigError, match="there are no rules in"):
        load_rulebook(tmp_path)


def test_shared_settings_that_cannot_be_used_stop_everything_with_all_their_faults(folder):
    folder.change(
        "settings.yaml", ("bank_holidays: [2026-04-03, 2026-04-06]", "bank_holidays: [easter, 2026-04-06]\nhollidays: 1")
    )

    with pytest.raises(Faults) as raised:
        folder.load()

    assert len(raised.value.faults) == 2


def test_shared_settings_must_have_what_the_service_itself_reads(folder):
    folder.change("settings.yaml", ("  min_fill: 0.70\n", ""), ("max_load_age_wd: 1", "max_load_age_wd: soon"))

    with pytest.raises(Faults) as raised:
        folder.load()

    assert [fault.problem for fault in raised.value.faults] == [
        "`params.max_load_age_wd` should be a number",
        "the number `min_fill` is missing",
    ]


# SQL of subjects and views, tried on empty tables


def told(folder: Folder) -> list[str]:
    """What loading and trying find, with paths from the folder of rules; what follows for the rules is left out."""
    book = folder.load()
    every = [str(fault).replace(f"{folder.path.as_posix()}/", "") for fault in (*book.faults, *check_book(book))]
    return [fault for fault in every if "cannot be used" not in fault]


@pytest.mark.parametrize(
    ("file", "change", "fault"),
    [
        ("subjects/_views/v_everybody.sql", ("pers_dob", "pers_date_of_birth"), "subjects/_views/v_everybody.sql:1:37: there is no column 'pers_date_of_birth'\n  Did you mean 'pers_dob'?"),
        ("subjects/_views/v_everybody.sql", ("ssd_person", "ssd_persons"), "subjects/_views/v_everybody.sql:1:62: there is no table or view 'ssd_persons'\n  Did you mean 'ssd_person'?"),
        ("subjects/child.yaml", ("v_everybody p", "v_everbody p"), "subjects/child.yaml:15:88: there is no table or view 'v_everbody'\n  Did you mean 'v_everybody'?"),
        ("subjects/child.yaml", ("p.born_on, 2", "p.born, 2"), "subjects/child.yaml:15:40: there is no column 'born'\n  Did you mean 'born_on'?"),
        ("subjects/child.yaml", ("p.born_on, 2", "2"), "subjects/child.yaml:11:3: the SQL does not give the column 'born_on'\n  Add it to the SQL, or leave it out here."),
        ("subjects/child.yaml", ("2 AS visits", "2 AS visits, 3 AS more"), "subjects/child.yaml:8:1: the SQL gives a column 'more' that is not among the columns\n  Say what it is: `more: {type: text, tier: detail, says: ...}`."),
        ("subjects/child.yaml", ("['C2'] AS", "p.born_on AS"), "subjects/child.yaml:13:20: the SQL gives DATE as 'statuses', which is no codes\n  Mend its type, or the SQL."),
        ("subjects/child.yaml", ("p.born_on, 2", "p.born_on,, 2"), 'subjects/child.yaml:15:50: this SQL cannot be read: syntax error at or near ","\n  Look for a missing comma, bracket, quote or keyword just before it.'),
        ("subjects/child.yaml", ("p.born_on, 2", "upper(p.born_on, 1) AS born_on, 2"), "subjects/child.yaml:15:40: the engine cannot use this SQL: No function matches the given name and argument types 'upper(DATE, INTEGER_LITERAL)'. You might need to add explicit type casts.\n  It would take upper(string VARCHAR) -> VARCHAR."),
        ("subjects/child.yaml", ("sql: |", "left_when: SELECT 1 FROM nowhere\nsql: |"), "subjects/child.yaml:14:26: there is no table or view 'nowhere'\n  `alerting rules subjects` shows the tables and views there are."),
        ("subjects/child.yaml", ("sql: |", "left_when: SELECT l.rule, l.subject, l.team AS reason FROM live l\nsql: |"), "subjects/child.yaml:14:38: there is no column 'team'\n  There is: member."),
        ("subjects/child.yaml", ("sql: |", "left_when: SELECT l.rule, l.subject FROM live l\nsql: |"), "subjects/child.yaml:14:1: `left_when` does not give 'reason'\n  It gives rule, subject and reason."),
    ],
)  # fmt: skip
def test_wrong_sql_is_found_without_any_data_at_its_place(folder, file, change, fault):
    folder.change(file, change)

    assert told(folder) == [fault]


def test_sql_may_end_as_people_end_it(folder):
    folder.change("subjects/child.yaml", ("FROM v_everybody p\n", "FROM v_everybody p; -- everybody\n"))
    folder.change("subjects/_views/v_everybody.sql", ("ssd_person;", "ssd_person -- all of them"))

    assert told(folder) == []
    assert asked(folder.load()) != []


def test_a_view_of_a_view_that_cannot_be_used_cannot_be_used_and_one_fault_is_told(folder):
    folder.write("subjects/_views/v_all.sql", "SELECT person_id, born_on FROM v_everybody")
    folder.change("subjects/child.yaml", ("FROM v_everybody p", "FROM v_all p"))
    folder.change("subjects/_views/v_everybody.sql", ("pers_dob AS", "today() AS"))

    assert [fault.partition(": ")[0] for fault in told(folder)] == ["subjects/_views/v_everybody.sql:1:37"]
    assert ids(folder.load()) == []


def test_rules_that_ask_the_same_with_other_numbers_are_tried_once(folder):
    folder.rule("practice/second.yaml", ("red_visits: 1", "red_visits: 2"))

    assert told(folder) == []


# What config.yaml says of rules


def asked(book: Rulebook) -> list[Finding]:
    with Snapshot(date(2026, 3, 31), book.settings) as snapshot:
        snapshot.fill("ssd_person", ["pers_person_id", "pers_dob"], [["P1"], ["2010-05-01"]])
        snapshot.settle(book.wanted(book.rules))
        return evaluate(book, snapshot, book.rules).findings("visits-few")


@pytest.mark.parametrize("name", ["CL-01", "visits-few"])
def test_a_parameter_is_changed_by_a_rules_code_or_its_id(folder, name):
    [before], [after] = asked(folder.load()), asked(folder.load({"settings": {name: {"params": {"red_visits": 5}}}}))

    assert (before.level, after.level) == (Level.amber, Level.red)


def test_a_shared_parameter_is_changed_for_every_rule(folder):
    book = folder.load({"params": {"adult_age": 15}})

    assert (book.faults, asked(book)) == ((), [])
    assert book.settings.params["adult_age"] == 15


def test_a_shared_parameter_is_changed_for_one_rule(folder):
    folder.rule("practice/second.yaml")

    book = folder.load({"settings": {"CL-01": {"params": {"adult_age": 15}}}})

    assert {rule.id: rule.params["adult_age"] for rule in book.rules} == {"visits-few": 15, "second": 18}


def test_a_rule_is_switched_off_and_still_known(folder):
    book = folder.load({"settings": {"CL-01": {"enabled": False, "reason": "not yet"}}})

    assert (ids(book), [rule.id for rule in book.off], book.faults) == ([], ["visits-few"], ())


@pytest.mark.parametrize(("own", "used"), [({}, []), ({"enabled": True}, ["visits-few"]), ({"reason": "not yet"}, [])])
def test_a_rule_is_off_that_says_so_in_its_own_file_unless_config_yaml_says_otherwise(folder, own, used):
    folder.change("practice/visits-few.yaml", ("title: Few visits", "title: Few visits\nenabled: false"))

    book = folder.load({"settings": {"CL-01": own}})

    assert (ids(book), [rule.id for rule in (*book.rules, *book.off)], book.faults) == (used, ["visits-few"], ())


def test_the_councils_own_rules_come_last_and_can_stand_for_those_of_any_pack(folder):
    folder.rule("local/ours.yaml", ("title: Few visits", "title: Ours\nreplaces: visits-few"))

    book = folder.load()

    assert (ids(book), book.faults) == (["ours"], ())


def test_bank_holidays_of_the_council_stand_for_the_shipped_ones(folder):
    assert folder.load().settings.bank_holidays == {date(2026, 4, 3), date(2026, 4, 6)}
    assert folder.load({"bank_holidays": ["2026-12-25"]}).settings.bank_holidays == {date(2026, 12, 25)}
    assert folder.load({"bank_holidays": []}).settings.bank_holidays == frozenset()


@pytest.mark.parametrize(
    "cell", ["Care  Order - FULL", "care order – full", "CARE ORDER - FULL ", "C2", "c2: anything", "full care order"]
)
def test_the_councils_own_words_stand_for_a_code_however_they_are_typed(folder, cell):
    book = folder.load({"codes": {"legal_status": {"c2": ["Care Order – full"]}}})

    assert book.settings.codes["legal_status"].code(cell) == "C2"


CONFIG = """\
rules:
  packs: [practise, local]
  params: {adultage: 1, adult_age: many}
  codes:
    legal_statuses: {C2: [x]}
    legal_status: {C9: [x]}
  settings:
    CL-01: {params: {red_visit: 1}}
    visits-many: {enabled: false}
"""


def test_what_config_says_of_what_is_not_there_has_its_place(folder):
    folder.rule("practice/second.yaml")
    file = folder.path / "config.yaml"
    file.write_text(CONFIG)
    document = load(file)
    said = {key: value for key, value in document.value["rules"].items() if key != "packs"}

    book = load_rulebook(folder.path, ["practise", "practice"], Overrides.model_validate(said), document)

    assert [(str(fault).partition("config.yaml:")[2], fault.severity) for fault in book.faults] == [
        ("3:12: `rules: params:` names a shared parameter 'adultage' that is not there\n  Did you mean 'adult_age'?", "error"),
        ("3:25: `rules: params: adult_age:` is a text, but stands for a number\n  settings.yaml has 18.", "error"),
        ("6:20: `rules: codes: legal_status:` has no code 'C9'\n  Its codes are: C2, V3.", "error"),
        ("5:5: `rules: codes:` names a code map 'legal_statuses' that is not there\n  Did you mean 'legal_status'?", "error"),
        (f"2:11: there is no rule pack 'practise' in {folder.path.as_posix()}\n  Did you mean 'practice'?", "error"),
        ("8:22: `rules: settings: CL-01:` names a parameter 'red_visit' it does not have\n  Did you mean 'red_visits'?", "error"),
        ("9:5: `rules: settings:` names a rule 'visits-many' that is not there\n  Did you mean 'visits-few'?", "warning"),
    ]
    # Without a whole pack its alerts would end; one rule can wait.
    assert book.stopping == book.faults[:5]
    assert [broken.id for broken in book.broken] == ["visits-few"]
    assert ids(book) == ["second"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("red_visits", "few", "red_visits is a text, but stands for a number"),
        ("red_visits", True, "red_visits is a yes-or-no, but stands for a number"),
        ("red_visits", [1], "red_visits is a list, but stands for a number"),
        ("red_visits", None, "red_visits is nothing, but stands for a number"),
        ("short_statuses", "V3", "short_statuses is a text, but stands for a list"),
    ],
)
def test_a_parameter_of_another_kind_is_a_fault(folder, name, value, problem):
    book = folder.load({"settings": {"CL-01": {"params": {name: value}}}})

    assert [fault.problem for fault in book.faults] == [f"`rules: settings: CL-01:` {problem}"]


def test_a_parameter_that_is_nothing_may_become_anything(folder):
    assert folder.load({"params": {"grace": 3}}).faults == ()


def test_settings_of_a_broken_rule_are_not_said_to_be_of_none(folder):
    folder.write("practice/visits-few.yaml", "id: visits-few\ncode: CL-01")

    book = folder.load({"settings": {"CL-01": {"enabled": False}}})

    assert not any("that is not there" in fault.problem for fault in book.faults)


def test_settings_are_values_of_their_own(folder):
    assert isinstance(folder.load().settings, Settings)
