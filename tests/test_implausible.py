"""More match a rule than can be right: kept as ever, and nobody is told of any of it until somebody has looked, however long that lasts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.alerts.brakes import implausible, plausible_again
from alerting.app import build
from alerting.commands import cli
from alerting.evaluation.evaluation import Asked, Status
from alerting.notifications.content import Notice
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook
from tests.made_council import MONDAY
from tests.office import RULES, Office, rule_row

DAY = timedelta(days=1)
CRITICAL = {"levels": "{amber: measure > long_days, critical: measure > 100}", "notify": "{amber: [team_manager], critical: [team_manager]}"}  # fmt: skip


# ---------------------------------------------------------------------- when a rule is implausible


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    office = Office(tmp_path_factory.mktemp("office"))
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01")
    office.rule("most-are", "PL-02", "max_share: 1")
    office.rule("few-are", "PL-03", "max_share: 0.1")
    office.rule("some-are", "PL-04", "max_share: 0.55")
    office.council.write()
    return build(office.council.configure(office.store_url)).book


def asked(rule: str, population: int, status: Status = Status.ok, **match: int) -> Asked:
    return Asked(id=rule, code="X", status=status, population=population, match={"info": 0, "amber": 0, "red": 0} | match)


@pytest.mark.parametrize(
    ("found", "is_held"),
    [
        (asked("plan-long", 30, amber=15), False),
        (asked("plan-long", 30, amber=16), True),
        (asked("plan-long", 30, amber=8, red=8), True),
        (asked("plan-long", 30, amber=6, red=6, critical=4), True),
        (asked("plan-long", 30, info=30), False),
        (asked("plan-long", 29, amber=29), False),
        (asked("plan-long", 40, Status.off, amber=40), False),
        (asked("most-are", 1000, red=1000), False),
        (asked("few-are", 30, amber=3), False),
        (asked("few-are", 30, amber=4), True),
        (asked("some-are", 100, amber=55), False),
    ],
)
def test_more_than_half_of_thirty_or_more_at_amber_or_above_are_not_believed_or_what_the_rule_says(
    book: Rulebook, found: Asked, is_held: bool
):
    held = implausible(book, [found], frozenset(), frozenset(), MONDAY)

    assert [(brake.rule, brake.count, brake.population) for brake in held] == (
        [(found.id, sum(found.match.values()) - found.match["info"], found.population)] if is_held else []
    )


def test_what_was_released_is_believed_until_its_share_has_been_below_the_limit(book: Rulebook):
    many, fewer = asked("plan-long", 30, red=16), asked("plan-long", 30, red=15)

    assert implausible(book, [many], frozenset(), {"plan-long"}, MONDAY) == []
    assert plausible_again(book, [many], {"plan-long"}) == frozenset()
    assert plausible_again(book, [fewer], {"plan-long"}) == {"plan-long"}
    assert plausible_again(book, [asked("plan-long", 0, Status.withheld)], {"plan-long"}) == frozenset()


def test_only_rules_that_most_may_match_or_that_are_about_the_data_have_no_limit_and_one_of_leavers_has_a_lower_one():
    shipped = load_rulebook(RULES, ["statutory", "practice", "workforce", "data_quality"])
    no_limit = dict.fromkeys(("AS-01", "FD-01", "FD-03", "WF-07", "WF-08", "DQ-06", "DQ-07", "DQ-08"), 1)

    assert {rule.code: rule.file.max_share for rule in shipped.rules if rule.file.max_share is not None} == {
        **no_limit,
        "DQ-02": 0.25,
    }


# ---------------------------------------------------------------------- what becomes of it


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council on whose first day two of five children have been on their plans for too long."""
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", **CRITICAL)
    office.settings = {"go_live": "full", "rules": {"params": {"max_share_at_least": 5}}}
    for child in ("C3", "C4", "C5"):
        office.council.on_a_plan(child, seen=MONDAY, begun=MONDAY - 10 * DAY)
    office.begin(MONDAY)
    return office


def spoil(office: Office, *children: str, days: int = 80) -> None:
    """Let plans begin earlier: as a date column does that is read in another way."""
    for child in children:
        office.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_start_date"] = str(MONDAY - days * DAY)


def release(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "release", *arguments])


def notices_to(office: Office, person: str) -> list[Notice]:
    told = [item for item in office.planned if item.purpose == "admin" and item.recipient == person]
    return [notice for item in told for notice in item.content.notices if "more" in notice.title]


@pytest.mark.slow
def test_nobody_is_told_of_its_alerts_old_or_new_and_all_is_kept(office: Office):
    assert office.told("M1") == {"C1": "new", "C2": "new"}
    spoil(office, "C3")

    report = office.run(MONDAY + DAY)

    assert report.alerts.new == 1
    assert rule_row(report, "PL-01").problem == (
        "matched 3 of 5 on 3 March 2026, more than can be right: 3 alerts kept back until `alerting rules release PL-01`"
    )
    content = office.content("M1")
    assert content.items == ()
    [banner] = content.banners
    assert banner.startswith("1 rule has found more than can be right: Long on a plan. The data is looked at first")


@pytest.mark.slow
def test_administrators_read_both_figures_and_what_its_columns_are_like_and_which_are_critical(office: Office):
    spoil(office, "C3", days=120)
    office.council.row("ssd_person", pers_person_id="C4")["pers_dob"] = ""

    report = office.run(MONDAY + DAY)

    [notice] = {notice.title: notice for notice in notices_to(office, "P1")}.values()
    assert notice.title == "PL-01 found more than can be right"
    assert "It matched 3 of the 5 it asks about on 3 March 2026" in notice.detail
    assert "ssd_person.pers_dob 80 % filled" in notice.detail
    assert "ssd_cp_plans.cppl_cp_plan_start_date" in notice.detail.partition("in every row: ")[2]
    assert notice.items == (office.alert("C3", "plan-long").ref,)
    [brake] = report.as_json()["brakes"]
    assert (brake["kind"], brake["new"], brake["population"]) == ("implausible", 3, 5)
    assert {"name": "ssd_person.pers_dob", "rows": 5, "filled": 4, "unreadable": 0, "unmapped": 0} in brake["columns"]


@pytest.mark.slow
def test_a_head_of_service_is_told_how_many_critical_alerts_are_kept_back_and_never_which(office: Office):
    spoil(office, "C3", days=120)
    office.run(MONDAY + DAY)
    keys = {item.key for item in office.planned if item.recipient == "H1"}

    [notice] = notices_to(office, "H1")
    assert notice.title == "Critical alerts of PL-01 are kept back, as more match than can be right"
    assert "1 critical alert of your teams is among them" in notice.detail
    assert notice.items == ()
    assert "C3" not in notice.detail
    assert office.alert("C3", "plan-long").ref not in notice.detail

    office.run(MONDAY + 2 * DAY)
    assert {item.key for item in office.planned if item.recipient == "H1"} == keys, "and is told again"


@pytest.mark.slow
def test_time_does_not_lift_it_and_what_is_critical_is_told_to_nobody_by_it(office: Office):
    spoil(office, "C3", days=120)
    for days in range(1, 4):
        office.run(MONDAY + days * DAY)
        assert all(content.items == () for _, content in office.sent)


@pytest.mark.slow
def test_what_ends_meanwhile_is_told_after_the_release(office: Office):
    spoil(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    spoil(office, "C1", days=5)
    office.run(MONDAY + 2 * DAY)
    assert office.content("M1").items == ()

    assert release(office, "PL-01", "--by", "P1", "--note", "so it is").exit_code == 0
    office.run(MONDAY + 3 * DAY)
    assert office.told("M1") == {"C1": "cleared", "C2": "open", "C3": "new", "C4": "new", "C5": "new"}


@pytest.mark.slow
def test_released_it_is_told_and_is_held_again_only_after_its_share_was_below_the_limit(office: Office):
    spoil(office, "C3")
    office.run(MONDAY + DAY)
    released = release(office, "PL-01", "--by", "P1", "--note", "it is so")
    assert "with 3 of 5 that matched" in released.output

    office.run(MONDAY + 2 * DAY)
    assert office.told("M1")["C3"] == "new"
    spoil(office, "C4")
    assert office.run(MONDAY + 3 * DAY).brakes == ()
    assert office.told("M1")["C4"] == "new"

    spoil(office, "C3", "C4", days=10)
    assert office.run(MONDAY + 4 * DAY).brakes == ()
    spoil(office, "C3", "C4")
    [again] = office.run(MONDAY + 7 * DAY).brakes
    assert again.kind == "implausible"


@pytest.mark.slow
def test_the_first_day_is_no_exception_and_all_that_is_released_at_once_does_not_release_it(tmp_path: Path):
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01")
    office.settings = {"go_live": "baseline", "rules": {"params": {"max_share_at_least": 2}}}
    [brake] = office.run(MONDAY).brakes
    assert brake.kind == "implausible"

    assert "1 brake released" in release(office, "--all", "--by", "P1").output
    office.run(MONDAY + DAY)
    assert office.people() == set()
    refused = release(office, "--all", "--by", "P1")
    assert refused.exit_code != 0
    assert "PL-01" in refused.output

    assert release(office, "pl-01", "--by", "P1").exit_code == 0
    office.run(MONDAY + 2 * DAY)
    assert office.told("M1") == {"C1": "backlog", "C2": "backlog"}


@pytest.mark.slow
def test_the_audit_finds_a_reason_for_each_that_is_not_told(office: Office):
    spoil(office, "C3", days=120)
    assert office.run(MONDAY + DAY).sending.not_kept == ()
    report = office.run(MONDAY + 2 * DAY)
    assert report.sending.not_kept == ()
    shown = CliRunner().invoke(
        cli, ["--config", str(office.folder / "config.yaml"), "alerts", "show", office.alert("C1", "plan-long").ref]
    )
    assert "more match its rule than can be right, and nobody has looked yet" in shown.output
