"""What the files of `rules/` come to: packs, replacements, and one broken file that leaves the others in use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerting.errors import ConfigError, Faults
from alerting.evaluation.dry_run import check_book
from alerting.model import Level, Tier
from alerting.rulebook.loader import load_rulebook
from tests.rule_folder import SUBJECT, Folder, ids


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


# A good folder


def test_what_a_rule_needs_is_of_its_version(folder):
    book = folder.load()
    [rule] = book.rules
    other = replace(rule, version="another", file=rule.file.model_copy(update={"reads": ("ssd_cp_plans",)}))

    assert "ssd_cp_plans" not in book.needs(rule)
    assert "ssd_cp_plans" in book.needs(other)
    assert "ssd_cp_plans" not in book.needs(rule)


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
