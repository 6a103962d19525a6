"""`alerting rules explain`: a rule in plain English, and why it says what it says of one subject."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting.authoring.explain import what_if
from alerting.authoring.explain.plain_english import SPOKEN_HERE, Vocabulary
from alerting.authoring.explain.rule_in_words import describe_rule, lay_out_sql
from alerting.casedata.conversion import quoted
from alerting.casedata.snapshot import Snapshot
from alerting.commands import cli
from alerting.evaluation import trace
from alerting.evaluation.query import rule_query
from alerting.evaluation.stage import SQL_TYPES
from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.compile import Compiled, Name, compile_expression, constant
from alerting.expressions.functions import FUNCTIONS
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.rule import Rule
from tests.case_rows import load_shipped, shipped
from tests.made_council import MONDAY, MadeCouncil

AS_OF = date(2026, 3, 31)
LEAVER: dict[str, Any] = {
    "person_id": "P1", "team_id": "T1", "age": 18, "born_on": date(2007, 6, 1), "eligible_as": "FREL", "in_touch": "YES",
    "leaver_since": date(2025, 6, 1), "accommodation": "U", "suitability": "suitable", "latest_contact": date(2026, 2, 2),
}  # fmt: skip
PER_TEAM = """\
id: reviews-booked
code: CP-90
title: Few plans with a review booked
says: "{{ measure }} % of {{ rows }} have a review booked."
clears: More reviews are booked.
owner: head of service
basis: {kind: local, text: Reviews are booked}
job: daily
reads: [ssd_cp_plans, ssd_cp_reviews]
params: {least: 80}
subject: child_protection_plan
per: team
at_least: AT_LEAST
where: not unborn
measure: share(next_review is not null)
unit: "%"
levels: {amber: measure < least}
notify: {amber: [team_manager]}
"""


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return shipped()


def named(book: Rulebook, code: str) -> Rule:
    return next(rule for rule in book.rules if rule.code == code)


# ---------------------------------------------------------------- an expression in words


def said(rule: Rule, text: str) -> str:
    """Return an expression in the words of a rule, whose columns, steps and parameters it may name."""
    names = {name: constant(value) for name, value in rule.params.items()}
    kinds = {"integer": "number"}
    names |= {name: Name(type=kinds.get(column.type, column.type), sql=name) for name, column in rule.subject.columns.items()}
    names |= {name: Name(type=step.type, sql=name) for name, step in rule.let.items()} | {"measure": Name(type="number", sql="m")}
    compiled = compile_expression(text, names)
    assert isinstance(compiled, Compiled), compiled
    words = Vocabulary(rule)
    return words.sentence(compiled.term) if compiled.type == "boolean" else words.phrase(compiled.term)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("measure > red_days", "the measure is over 56 days"),
        ("measure >= 1", "the measure is at least 1 day"),
        ("not (measure > red_days)", "the measure is at most 56 days"),
        ("age between min_age and max_age", "age is 17 to 20"),
        ("age not between 17 and 20", "age is not 17 to 20"),
        ("one_of(eligible_as, eligibility)", "eligible as is REL or FREL"),
        ("not one_of(in_touch, exclude_touch)", "in touch is neither REFU nor NREQ"),
        ("in_touch in ('YES')", "in touch is YES"),
        ("in_touch <> 'YES'", "in touch is not YES"),
        ("latest_contact is null", "latest contact is not recorded"),
        ("latest_contact is not null", "latest contact is recorded"),
        ("days_since(leaver_since) > 28", "leaver since is more than 28 days ago"),
        ("working_days_until(pathway_review) <= 1", "pathway review is at most 1 working day away"),
        ("today() >= latest_contact + days(7)", "today is on or after 7 days after latest contact"),
        ("latest_contact < date '2026-02-03'", "latest contact is before 3 February 2026"),
        ("add_months(latest_contact, -1)", "1 month before latest contact"),
        ("add_working_days(latest_contact, 0)", "latest contact"),
        ("greatest(latest_contact, leaver_since)", "the latest of latest contact and leaver since"),
        ("least(age, 3)", "the least of age and 3"),
        ("coalesce(age, 0)", "age (or, where that is missing, 0)"),
        ("coalesce(measure > 42, false)", "the measure is over 42 days (no, if something is missing)"),
        ("age = 18 and (in_touch = 'YES' or age > 19)", "age is 18 and (in touch is YES or age is over 19)"),
        ("not (age = 18 and in_touch = 'YES')", "it is not so that (age is 18 and in touch is YES)"),
        ("case when age = 18 then 'new' else 'old' end", "new, if age is 18, otherwise old"),
        ("(age - 2) * 3", "(age minus 2) times 3"),
    ],
)  # fmt: skip
def test_an_expression_is_said_as_a_manager_would_say_it(book, text, words):
    assert said(named(book, "CL-01"), text) == words


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("CP-08", "not has_social_worker", "a social worker is not allocated today"),
        ("CP-03", "not unborn", "the child is born"),
        ("CP-03", "in_care is true", "the child is looked after too"),
        ("DQ-02", "not is_recorded", "ssd_professionals does not know the worker"),
        ("CLA-03", "not permanence_decided", "it is not so that adoption was decided in this period of care and still stands"),
        ("CLA-03", "has(legal_statuses, 'C1', 'E1')", "legal statuses include C1 or E1"),
        ("CLA-03", "not only(legal_statuses, exclude_only_status)", "legal statuses are not J1 alone"),
        ("CLA-03", "not coalesce(age >= exempt_entered_at_age, false)", "always, as exempt entered at age is not set"),
        ("CLA-03", "softened", "'softened' is yes"),
        ("CP-05", "add_working_days(born_on, prebirth_review_wd)", "nothing, as prebirth review wd is not set"),
        ("CP-03", "cla_visit_counts", "cla visit counts is on"),
    ],
)  # fmt: skip
def test_columns_steps_and_parameters_are_said_by_what_they_are(book, code, text, words):
    assert said(named(book, code), text) == words


def test_every_function_has_words_of_its_own():
    functions = [*FUNCTIONS.values(), *AGGREGATES.values()]

    assert {each.name for each in functions if not each.words} == SPOKEN_HERE


# ---------------------------------------------------------------- a whole rule


def part(rule: Rule, book: Rulebook, heading: str) -> list[str]:
    [lines] = [section.lines for section in describe_rule(rule, book) if section.heading == heading]
    return list(lines)


def test_a_rule_says_of_whom_it_asks_and_when_it_alerts(book):
    rule = named(book, "CL-01")

    assert part(rule, book, "Who it asks about")[:5] == [
        "It asks every working day about every care leaver:",
        "  (eligible as is not recorded or eligible as is REL or FREL)",
        "  and age is 17 to 20",
        "  and in touch is neither REFU nor NREQ",
        "  and accommodation is neither G nor H",
    ]
    assert (
        part(rule, book, "When it alerts")[1]
        == "Amber when the measure is over 42 days (no, if something is missing), if eligible as is recorded."
    )
    assert part(rule, book, "What clears it") == ["A contact dated within the last 42 days is recorded."]
    assert part(rule, book, "By when") == [
        "It is due 56 days after latest contact (or, where that is missing, 28 days after leaver since)."
    ]


def test_a_rule_says_who_is_told_and_what_holds_it_back(book):
    file = named(book, "CL-01").file.model_validate(
        named(book, "CL-01").file.model_dump(by_alias=True)
        | {
            "escalate": [{"after": "10 working days", "to": "service_manager"}],
            "inhibited_by": ["cp-no-social-worker"],
            "brake": 25,
            "for": "2 runs",
            "remind_every": 1,
            "channel": False,
        }
    )
    told = part(replace(named(book, "CL-01"), file=file), book, "Who is told")

    assert told == [
        "Red: team manager.",
        "Amber: personal adviser and team manager.",
        "Also the head of service when latest contact is not recorded or the measure is over 182 days.",
        "Also the service manager when it has been open for 10 working days and nobody has it in hand.",
        "Nobody is told until it has matched 2 runs running.",
        "While nothing changes it is told again every working day.",
        "It is not told beside an alert about the same subject of: CP-08 Child on a protection plan without a social worker.",
        "When one run opens more than 25 new ones, nobody is told until an administrator releases them.",
        "It is not counted in a team's channel.",
    ]


def test_a_parameter_that_the_council_has_set_is_marked():
    overrides = {"settings": {"CL-01": {"params": {"red_days": 70}}}, "params": {"recording_lag_wd": 5}}
    book = load_shipped(Overrides.model_validate(overrides))

    assert "red_days               70  (set by the council; the rule file says 56)" in part(
        named(book, "CL-01"), book, "What may be changed in config.yaml"
    )
    assert "5  (shared by all rules; set by the council)" in part(
        named(book, "CP-03"), book, "What may be changed in config.yaml"
    )[0]  # fmt: skip


def test_the_sql_that_is_shown_is_what_the_engine_is_asked_but_for_its_space(book):
    for rule in book.rules:
        shown = lay_out_sql(rule_query(rule))

        assert "".join(shown.split()) == "".join(rule_query(rule).split())
        assert shown.count("\n") > 10


# ---------------------------------------------------------------- what would change the answer


def asked(book: Rulebook, code: str, row: Mapping[str, Any]) -> tuple[Snapshot, Rule]:
    """Return a snapshot in which one subject has one row."""
    rule = named(book, code)
    snapshot = Snapshot(AS_OF, book.settings)
    snapshot.settle({})
    columns = rule.subject.columns
    selected = ", ".join(f"CAST(${n} AS {SQL_TYPES[columns[name].type]}) AS {quoted(name)}" for n, name in enumerate(columns, 1))
    snapshot.sql(f"CREATE TABLE {quoted('subject_' + rule.subject.id)} AS SELECT {selected}", [row.get(name) for name in columns])
    return snapshot, rule


def outcome(book: Rulebook, code: str, row: Mapping[str, Any], subject: str = "P1") -> str:
    snapshot, rule = asked(book, code, row)
    with snapshot:
        found = trace.trace_rule(snapshot, rule, subject, [])
        assert found is not None
        return found.level.name if found.level else found.outcome


def changed(book: Rulebook, code: str, row: Mapping[str, Any], columns: list[str]) -> list[str]:
    now = outcome(book, code, row)
    snapshot, rule = asked(book, code, row)
    with snapshot:
        found = what_if.find_changes(snapshot, rule, "P1", now, columns)
        return [f"{change.gives} if {change.column} {change.when}" for change in found]


def test_what_clears_an_alert_comes_first_and_what_nobody_would_record_last(book):
    assert changed(book, "CL-01", LEAVER, [*LEAVER]) == [
        "clear if latest_contact is 17 February 2026 or later",
        "amber if latest_contact is from 3 February 2026 to 16 February 2026",
        "not asked if eligible_as is anything but REL or FREL",
        "not asked if in_touch is REFU or NREQ",
        "not asked if accommodation is G or H",
        "unknown if eligible_as is not recorded",
    ]


def test_the_day_that_is_named_clears_it_and_the_day_before_does_not(book):
    [first, *_] = changed(book, "CL-01", LEAVER, ["latest_contact"])
    named_day = date(2026, 2, 17)

    assert "17 February 2026 or later" in first
    assert outcome(book, "CL-01", LEAVER | {"latest_contact": named_day}) == "clear"
    assert outcome(book, "CL-01", LEAVER | {"latest_contact": named_day - timedelta(days=1)}) == "amber"


def test_a_clear_record_is_told_what_would_alert_the_most_serious_first(book):
    clear = LEAVER | {"latest_contact": AS_OF}

    assert changed(book, "CL-01", clear, ["latest_contact", "in_touch"]) == [
        "red if latest_contact is 2 February 2026 or earlier, or not recorded",
        "amber if latest_contact is from 3 February 2026 to 16 February 2026",
        "not asked if in_touch is REFU or NREQ",
    ]


def test_one_who_is_not_asked_about_is_told_what_would_bring_them_in(book):
    assert changed(book, "CL-01", LEAVER | {"in_touch": "REFU"}, ["in_touch", "accommodation"]) == [
        "red if in_touch is anything but REFU or NREQ, or not recorded"
    ]


def test_nobody_is_told_to_record_another_birthday_or_another_person(book):
    columns = ["person_id", "team_id", "age", "born_on"]

    assert changed(book, "CL-01", LEAVER, columns) == []


def test_numbers_truths_and_lists_of_codes_are_tried_too(book):
    child = {"person_id": "P1", "cla_id": "C1", "entered": date(2025, 1, 10), "legal_statuses": ["C2"], "placement_type": "U6",
             "reviews_held": 2, "permanence_planned": False, "permanence_decided": False}  # fmt: skip

    first = changed(book, "CLA-03", child, [*child])[:6]

    assert first == [
        "clear if permanence_planned is yes",
        "clear if reviews_held is 0",
        "amber if permanence_decided is yes, or not recorded",
        "amber if legal_statuses is E1 or C2 with E1",
        "amber if placement_type is U1, U4, A3, A4, A5 or A6",
        "not asked if legal_statuses is J1",
    ]


# ---------------------------------------------------------------- one subject, on the command line


class Explained:
    """Runs `alerting rules explain` in a made council."""

    def __init__(self, folder: Path) -> None:
        self.council = MadeCouncil(folder)
        self.config = self.council.configure("sqlite:///alerting.db")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self.council.write()
        result = self.run("rules", "explain", *arguments)
        assert result.exit_code == code, result.output
        return result.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--as-of", MONDAY.isoformat(), "--json", code=code))

    def run(self, *arguments: str) -> Result:
        # Told in a terminal of this width, whatever width the tests themselves are run in.
        return CliRunner(env={"COLUMNS": "120"}).invoke(cli, ["--config", str(self.config), *arguments])


@pytest.fixture
def explained(tmp_path: Path) -> Explained:
    return Explained(tmp_path)


def section(text: str, heading: str) -> list[str]:
    lines = text.partition(f"\n{heading}")[2].splitlines()[1:]
    return [line.strip() for line in lines[: lines.index("") if "" in lines else None]]


def test_without_a_subject_the_rule_is_told_and_no_case_data_is_read(explained):
    explained.council.folder.joinpath("extracts").mkdir()

    text = explained.run("rules", "explain", "CP-03").stdout

    assert text.startswith("CP-03  Child protection visit due or overdue\n")
    assert "  Red when the measure is over 'limit wd' plus 3 working days.\n" in text


def test_a_match_is_told_with_its_facts_its_conditions_and_what_would_clear_it(explained):
    text = explained("CP-03", "C1", "--as-of", MONDAY.isoformat())

    assert section(text, "The answer")[0].startswith("RED, measured 28 working days: the measure is over 'limit wd' plus 3")
    assert "last_cp_visit   21 January 2026  Latest protection visit at which the child was seen" in section(text, "The facts")
    assert section(text, "Is it red?") == [
        "> true   measure > limit_wd + recording_lag_wd  (measure = 28, limit_wd + recording_lag_wd = 13)"
    ]
    assert section(text, "What would change the answer")[0] == "clear  if last_cp_visit  is 19 February 2026 or later"


def test_a_clear_subject_is_told_why_it_is_clear(explained):
    found = explained.json("CP-03", "C2")

    assert (found["gives"], found["where"]["value"], found["levels"]["red"]["value"]) == ("clear", True, False)
    assert found["levels"]["amber"]["decides"] is True


def test_an_unknown_names_what_is_missing(explained):
    explained.council.add("ssd_cin_assessments", cina_assessment_id="A1", cina_person_id="C1", cina_referral_id="RC1")

    text = explained("AS-01", "A1", "--as-of", MONDAY.isoformat())

    assert section(text, "The answer") == ["UNKNOWN: it cannot be told while started on is not recorded."]
    assert "> null   measure > limit_wd  (missing: started_on)" in section(text, "Is it red?")
    assert any(line.startswith("red") for line in section(text, "What would change the answer"))


def test_one_outside_the_population_is_told_which_condition_keeps_them_out(explained):
    explained.council.row("ssd_person", pers_person_id="C1")["pers_dob"] = ""
    explained.council.row("ssd_person", pers_person_id="C1")["pers_expected_dob"] = (MONDAY + timedelta(days=30)).isoformat()

    text = explained("CP-03", "C1", "--as-of", MONDAY.isoformat())

    assert section(text, "The answer") == ["NOT ASKED: the child is not born yet."]
    assert section(text, "Is it asked about?") == ["false  not:", ">   true   unborn"]


@pytest.mark.slow
def test_one_who_has_left_is_told_with_the_proof(explained):
    explained.council.write()
    explained.run("run", "daily", "--as-of", MONDAY.isoformat())
    explained.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = MONDAY.isoformat()

    found = explained.json("CP-03", "C1")

    assert (found["gives"], found["left"]) == ("absent", "plan ended")


def test_one_who_is_not_in_the_data_ends_with_1_and_is_not_taken_for_gone(explained):
    text = explained("CP-03", "C99", "--as-of", MONDAY.isoformat(), code=1)

    answer = " ".join(section(text, "The answer"))
    assert answer.startswith("Not in the data: there is no child on a protection plan C99 today, and nothing shows why.")
    assert "An open alert would go on hold." in answer


@pytest.mark.slow
def test_the_alert_there_is_may_be_named_by_its_reference_and_says_why_it_is_on_hold(explained):
    explained.council.write()
    explained.run("run", "daily", "--as-of", MONDAY.isoformat())
    explained.council.write(without=("ssd_cp_visits",))
    explained.run("run", "daily", "--as-of", (MONDAY + timedelta(days=1)).isoformat())
    [alert] = json.loads(explained.run("alerts", "list", "--rule", "CP-03", "--json").stdout)

    result = explained.run("rules", "explain", "CP-03", alert["ref"], "--as-of", (MONDAY + timedelta(days=1)).isoformat())

    assert "A run would not use this answer today: ssd_cp_visits is not there." in result.stdout
    assert section(result.stdout, "The alert")[1].startswith("On hold since 3 March 2026: ")


def test_explaining_makes_no_store(explained):
    explained("CP-03", "C1", "--as-of", MONDAY.isoformat())

    assert not (explained.council.folder / "alerting.db").exists()


def test_a_rule_that_counts_in_teams_is_explained_for_a_team(explained, tmp_path):
    rule = tmp_path / "reviews-booked.yaml"
    rule.write_text(PER_TEAM.replace("AT_LEAST", "2"), "utf-8")

    text = explained(str(rule), "T1", "--as-of", MONDAY.isoformat())

    assert section(text, "The answer")[0].startswith("AMBER, measured 0 %: the measure is under 80 %")
    assert any(re.match(r"rows +2 ", line) for line in section(text, "The facts"))


def test_a_team_with_too_few_is_unknown_and_says_so(explained, tmp_path):
    rule = tmp_path / "reviews-booked.yaml"
    rule.write_text(PER_TEAM.replace("AT_LEAST", "3"), "utf-8")

    text = explained(str(rule), "T1", "--as-of", MONDAY.isoformat())

    assert section(text, "The answer") == ["UNKNOWN, measured 0 %: there are 2, and fewer than 3 are too few to tell."]


def test_the_sql_is_printed_alone(explained):
    assert explained("CP-03", "--sql").startswith('CREATE TABLE "v_')


# ---------------------------------------------------------------- a store that cannot be read


@pytest.mark.parametrize("spoil", ["junk", "a folder", "nothing"])
def test_an_alert_that_cannot_be_looked_up_is_not_known_and_never_said_not_to_be_there(tmp_path, spoil):
    council = MadeCouncil(tmp_path)
    council.write()
    config = council.configure("sqlite:///alerting.db")
    if spoil == "a folder":
        (tmp_path / "alerting.db").mkdir()
    elif spoil == "junk":
        (tmp_path / "alerting.db").write_text("no database" * 1000)

    explain = ["--config", str(config), "rules", "explain", "CP-03", "C0001", "--as-of", MONDAY.isoformat()]
    shown = CliRunner().invoke(cli, explain).output
    listed = CliRunner().invoke(cli, ["--config", str(config), "rules", "list"])

    assert ("There is none, and never was one" in shown) == (spoil == "nothing")
    assert ("Whether there is one, or was, is not known, as the store cannot be read: " in shown) == (spoil != "nothing")
    assert ("Whether a brake is on is not known" in listed.stderr) == (spoil != "nothing")
    assert listed.exit_code == 0
