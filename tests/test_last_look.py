"""The last look at a message that was planned by an older directory: what of it may go, to whom, and what others are told in its stead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerting.casedata.directory import Cover, Directory, Restriction, Team
from alerting.evaluation.team_measures import SUBJECT
from alerting.model import About, Alert, Condition, DeliveryReason, Level, Person
from alerting.notifications.content import (
    Addressee,
    CardContent,
    DigestContent,
    FallbackChain,
    ItemState,
    NoticeContent,
    Notification,
    ToldAlert,
    WeeklyContent,
)
from alerting.notifications.fallback import pass_on
from alerting.notifications.last_look import LastLook, Newest, look_again
from alerting.notifications.routing import Receiver, Router, RuleRoute
from alerting.notifications.team_card import TeamCard
from alerting.notifications.week_content import RuleWeek, ScopeWeek, Standing, TeamStanding, TeamWeek
from alerting.store import newest_directory
from alerting.store.messages.claims import ClaimLostError
from notifiers.folder import Notifier as Folder
from tests.sending_desk import ADMINISTRATOR, MONDAY, SEVEN, Desk, card, message, router

ALERT = Alert(ref="A-1", rule="cp-visit-overdue", code="CP-03", subject_kind="child", subject="C1", episode=1, condition=Condition.firing,
              level=Level.red, first_seen=MONDAY, level_since=MONDAY, team="T1", person="C1")  # fmt: skip
OTHER = replace(ALERT, ref="A-2", subject="C2", person="C2")


def look(
    notification: Notification, by: Router, *alerts: Alert, other_list: bool = True, told: set[tuple[str, str]] = frozenset()
) -> LastLook:  # type: ignore[assignment]
    return look_again(
        notification, Newest(router=by, alerts={each.ref: each for each in alerts}, told=told, other_list=other_list)
    )


def changed(by: Router, **changes: object) -> Router:
    return Router(replace(by.directory, **changes), by.rules)  # type: ignore[arg-type]


def told(notification: Notification | None) -> list[str]:
    return [each.ref for each in notification.told] if notification else []


# ---------------------------------------------------------------------- a person's list


def test_what_may_still_be_told_goes_as_it_was() -> None:
    looked = look(message("M1", ALERT), router(), ALERT)
    assert (told(looked.message), looked.instead, looked.nobody) == (["A-1"], (), ())


def test_what_of_a_list_may_not_be_told_is_taken_out_and_told_to_whoever_may() -> None:
    looked = look(message("M1", ALERT, OTHER), router(("C1", "H1")), ALERT, OTHER)

    assert looked.message is not None
    assert isinstance(looked.message.content, DigestContent)
    assert ([item.subject for item in looked.message.content.items], told(looked.message)) == (["C2"], ["A-2"])
    assert [(each.recipient, told(each)) for each in looked.instead] == [("H1", ["A-1"])]
    assert all(each.stands_in_for is None for each in looked.instead), "it is their own: they count as told"


def with_cards(*alerts: Alert) -> Notification:
    """A service manager's list of teams, with a card of each and counts of what is not listed."""
    whole = message("S1", *alerts)
    assert isinstance(whole.content, DigestContent)
    items = tuple(replace(item, subject_kind=SUBJECT) for item in whole.content.items)
    cards = tuple(TeamCard(team=each.subject, team_name=each.subject, month=MONDAY, rows=()) for each in alerts)
    return replace(whole, content=replace(whole.content, items=items, cards=cards, snoozed=2, silenced=3, covered=4, flapping=5))


def what_is_in(notification: Notification | None) -> tuple[list[str], list[str], int]:
    """Return the subjects of a list, the teams of its cards, and how many alerts it counts beside them."""
    assert notification is not None
    content = notification.content
    assert isinstance(content, DigestContent)
    counted = content.snoozed + content.silenced + content.covered + content.flapping
    return [item.subject for item in content.items], [each.team for each in content.cards], counted


def test_a_card_of_a_team_goes_to_whoever_is_told_of_that_team_and_a_count_to_whom_it_was_counted_for() -> None:
    alerts = [replace(ALERT, ref=f"A-{team}", subject=team, team=team, person=None) for team in ("T1", "T2")]
    by = router(about=About.team)
    [own] = by.directory.teams.values()
    staff = {**by.directory.staff, "S2": replace(by.directory.staff["S1"], id="S2")}
    both = {team: replace(own, id=team, manager="S1", service_manager="S1") for team in ("T1", "T2")}
    whole = with_cards(*alerts)

    assert what_is_in(look(whole, changed(by, teams=both), *alerts).message) == (["T1", "T2"], ["T1", "T2"], 14)
    given_up = {**both, "T2": replace(both["T2"], manager="S2", service_manager="S2")}
    looked = look(whole, changed(by, teams=given_up, staff=staff), *alerts)
    assert what_is_in(looked.message) == (["T1"], ["T1"], 0)
    assert [(each.recipient, what_is_in(each)) for each in looked.instead] == [("S2", (["T2"], ["T2"], 0))]


def test_nor_does_a_card_of_another_team_go_to_whoever_stands_in_for_a_reader_who_cannot_be_reached() -> None:
    alerts = [replace(ALERT, ref=f"A-{team}", subject=team, team=team, person=None) for team in ("T1", "T2")]
    whole = with_cards(*alerts)
    assert isinstance(whole.content, DigestContent)
    chains = tuple(
        FallbackChain(alerts=(f"A-{team}",), people=(Addressee(id=id_, name=id_, address=f"{id_}@example.gov.uk"),))
        for team, id_ in (("T1", "H1"), ("T2", "H2"))
    )
    passed, left = pass_on(replace(whole, content=replace(whole.content, instead=chains)))

    assert ([(each.recipient, what_is_in(each)) for each in passed], left) == (
        [("H1", (["T1"], ["T1"], 0)), ("H2", (["T2"], ["T2"], 0))],
        [],
    )


def test_what_may_still_be_told_is_told_to_nobody_else_and_what_is_over_is_no_ones_loss() -> None:
    critical = replace(ALERT, level=Level.critical)
    by = router()
    route = replace(by.rules["cp-visit-overdue"], notify={Level.critical: ["team_manager", "service_manager"]})
    by = Router(by.directory, {"cp-visit-overdue": route})
    looked = look(message("M1", critical), by, critical)
    assert (told(looked.message), looked.instead, looked.nobody) == (["A-1"], (), ())

    for state in (ItemState.cleared, ItemState.moved):
        gone = message("M9", ALERT)
        assert isinstance(gone.content, DigestContent)
        items = tuple(replace(item, state=state) for item in gone.content.items)
        looked = look(replace(gone, content=replace(gone.content, items=items)), router(), ALERT)
        assert (looked.message, looked.instead, looked.nobody) == (None, (), ())


def test_an_alert_of_a_rule_that_is_gone_is_told_to_nobody_instead() -> None:
    of_no_rule = replace(ALERT, rule="gone")
    looked = look(message("Q1", of_no_rule), router(), of_no_rule)
    assert (looked.message, looked.instead, looked.nobody) == (None, (), ("A-1",))


def test_nobody_is_told_twice_who_counts_as_told_already() -> None:
    looked = look(message("M1", ALERT), router(("C1", "H1")), ALERT, told={("H1", "A-1")})
    assert (looked.message, looked.reason, looked.instead, looked.nobody) == (None, DeliveryReason.not_theirs, (), ())


def test_what_nobody_may_be_told_is_said_to_be_so() -> None:
    looked = look(message("M1", ALERT), router(("C1", "nobody")), ALERT)
    assert (looked.message, looked.nobody) == (None, ("A-1",))


def test_an_alert_that_the_store_does_not_have_is_told_to_nobody() -> None:
    assert look(message("M1", ALERT), router()).message is None


def test_a_doubted_list_lets_what_is_about_children_wait() -> None:
    looked = look(message("M1", ALERT), changed(router(), restricted=None), ALERT)
    assert (looked.message, looked.waits, looked.instead) == (None, True, ())


def test_that_something_is_not_known_names_nobody_and_goes_by_a_doubted_list_too() -> None:
    content = DigestContent(items=(), told=(), banners=("Nothing is known today.",))
    looked = look(replace(message("M1"), content=content), changed(router(M1="new@example.gov.uk"), restricted=None))
    assert looked.message is not None
    assert looked.message.address == "new@example.gov.uk"


def test_whoever_an_alert_has_come_up_to_is_still_told_of_it() -> None:
    by = router()
    route = replace(by.rules["cp-visit-overdue"], escalate=[(5, "quality")])
    quality = Team(id="TQ", name="Quality", service="quality_assurance", manager="Q1", service_manager=None, head_of_service=None)
    by = Router(replace(by.directory, teams={**by.directory.teams, "TQ": quality}), {"cp-visit-overdue": route})
    assert told(look(message("Q1", ALERT), by, ALERT).message) == ["A-1"]


def test_whoever_would_be_told_at_another_level_still_is() -> None:
    by = router()
    route = RuleRoute(notify={Level.red: ["team_manager"], Level.critical: ["head_of_service"]}, channel=True,
                      remind_every=5, title="Visit overdue", code="CP-03")  # fmt: skip
    assert told(look(message("H1", ALERT), Router(by.directory, {"cp-visit-overdue": route}), ALERT).message) == ["A-1"]


def test_whoever_covered_until_yesterday_is_not_told_and_who_is_back_is() -> None:
    by = router()
    covered = changed(by, cover={"M1": Cover(by="Q1", until=None)})
    assert told(look(message("Q1", ALERT), covered, ALERT).message) == ["A-1"]

    looked = look(message("Q1", ALERT), by, ALERT)
    assert (told(looked.message), [each.recipient for each in looked.instead]) == ([], ["M1"])


@pytest.mark.parametrize("allowed", ["M1", "H1"])
def test_those_who_come_after_a_reader_are_of_the_newest_directory(allowed: str) -> None:
    old = message("M1", ALERT)
    by = router(("C1", allowed))
    looked = look(old, changed(by, restricted={"C1": Restriction(allowed=frozenset({"M1", allowed}))}), ALERT)

    assert looked.message is not None
    assert isinstance(looked.message.content, DigestContent)
    [chain] = looked.message.content.instead
    assert [person.id for person in chain.people] == ([] if allowed == "M1" else ["H1"])


# ---------------------------------------------------------------------- cards, summaries, notices


def counting(alert: Alert) -> Notification:
    made = card()
    assert isinstance(made.content, CardContent)
    counted = ToldAlert(ref=alert.ref, level=alert.level, condition=alert.condition)
    return replace(made, content=replace(made.content, told=(counted,)))


def test_a_card_that_counts_a_child_who_is_restricted_now_is_not_posted() -> None:
    assert look(counting(ALERT), router(("C2", "M1")), ALERT).message is not None
    assert look(counting(ALERT), router(("C1", "M1")), ALERT).reason is DeliveryReason.not_theirs
    assert look(counting(ALERT), changed(router(), restricted=None), ALERT).waits


def summary(*teams: str) -> Notification:
    week = RuleWeek(rule="CP-03", title="Visit overdue", open=1, held=0, new=1, new_last=0, cleared=0, cleared_last=0, oldest=MONDAY,
                    oldest_days=0, level=Level.red, trend=(1,))  # fmt: skip
    content = WeeklyContent(week_ending=MONDAY, teams=tuple(TeamWeek(team_name=team, rows=(week,)) for team in teams))
    return replace(message("M1"), purpose="weekly", content=content)


def test_a_summary_is_of_the_teams_that_are_its_readers_still_and_of_the_list_there_was() -> None:
    looked = look(summary("Team T1", "Team T2"), router(), other_list=False)
    assert looked.message is not None
    assert isinstance(looked.message.content, WeeklyContent)
    assert [team.team_name for team in looked.message.content.teams] == ["Team T1"]

    assert look(summary("Team T2"), router(), other_list=False).reason is DeliveryReason.not_theirs
    assert look(summary("Team T1"), router(), other_list=True).reason is DeliveryReason.not_theirs
    assert look(summary("Team T1"), changed(router(), restricted=None), other_list=True).waits


def test_a_summary_of_the_teams_of_a_channel_goes_as_it_is_and_that_of_whoever_leads_with_them() -> None:
    of_a_channel = replace(summary("Team T9"), recipient="team:T9")
    assert look(of_a_channel, router(), other_list=False).message == of_a_channel

    leads = replace(summary(), content=WeeklyContent(week_ending=MONDAY, teams=(), masked=True))
    elsewhere = replace(leads, recipient="director@example.gov.uk", address="director@example.gov.uk")
    assert look(elsewhere, router(), other_list=False).message == elsewhere
    moved = look(leads, router(M1="new@example.gov.uk"), other_list=False).message
    assert moved is not None
    assert moved.address == "new@example.gov.uk"
    for gone in (
        look(replace(leads, recipient="P9"), router(), other_list=False),
        look(leads, router(M1=None), other_list=False),
    ):
        assert (gone.message, gone.reason) == (None, DeliveryReason.not_theirs)


def test_a_summary_of_somebody_who_leads_no_team_any_more_does_not_go() -> None:
    looked = look(replace(summary("Team T1"), recipient="Q1"), router(), other_list=False)
    assert (looked.message, looked.reason) == (None, DeliveryReason.not_theirs)


def scope(*teams: str) -> ScopeWeek:
    cells = tuple(TeamStanding(team_name=team, standing=Standing.not_known) for team in teams)
    return ScopeWeek(rule="CP-03", title="Visit overdue", level=Level.red, standing=Standing.not_known, in_time=None, of=None, target=None, open=1,
                     overdue=0, due_soon=0, longest=None, open_last=None, open_last_year=None, trend=(1,), teams=cells)  # fmt: skip


@pytest.mark.parametrize(
    ("teams", "counted", "masked", "goes"),
    [
        (["Team T1"], ["Team T1"], False, True),
        (["Team T1", "Team T2"], ["Team T1"], False, False),
        (["Team T1"], ["Team T1", "Team T2"], False, False),
        (["Team T1"], ["Team T1", "Team T2"], True, True),
        (["Team T1", "Team T2"], ["Team T1"], True, False),
        ([], ["Team T1"], False, True),
        ([], ["Team T2"], False, None),
    ],
    ids=[
        "theirs",
        "a team less",
        "counts of another team",
        "with small counts kept back",
        "a team less, small counts kept back",
        "counts alone",
        "counts of another alone",
    ],
)
def test_the_counts_over_all_teams_go_where_all_that_they_count_is_the_readers_or_is_kept_back(
    teams: list[str], counted: list[str], masked: bool, goes: bool | None
) -> None:
    whole = summary(*teams)
    assert isinstance(whole.content, WeeklyContent)
    whole = replace(whole, content=replace(whole.content, scope=(scope(*counted),), masked=masked))
    found = look(whole, router(), other_list=False).message

    assert (found is None) == (goes is None)
    if found is not None:
        assert isinstance(found.content, WeeklyContent)
        assert bool(found.content.scope) == goes
        assert {team.team_name for team in found.content.teams} <= {"Team T1"}


def test_a_card_that_counts_an_alert_of_which_nothing_is_known_is_not_posted() -> None:
    posted = card()
    assert isinstance(posted.content, CardContent)
    counting = replace(posted, content=replace(posted.content, told=message("M1", ALERT).told))
    assert look(counting, router(), ALERT).message == counting
    assert look(counting, router()).reason is DeliveryReason.not_theirs


def test_a_notice_goes_to_administrators_and_to_whoever_of_the_staff_is_still_there() -> None:
    content = NoticeContent(notices=())
    for_an_administrator = replace(message("admin@example.gov.uk"), content=content)
    assert look(for_an_administrator, router()).message == for_an_administrator
    for_a_channel = replace(for_an_administrator, recipient="team:T9")
    assert look(for_a_channel, router()).message == for_a_channel
    assert look(replace(message("P9"), content=content), router()).reason is DeliveryReason.not_theirs
    moved = look(replace(message("M1"), content=content), router(M1="new@example.gov.uk")).message
    assert moved is not None
    assert moved.address == "new@example.gov.uk"


# ---------------------------------------------------------------------- kept, and asked


def keep(desk: Desk, run: int, directory: Directory) -> None:
    with desk.store.transaction() as connection:
        newest_directory.keep(connection, run, directory, desk.now)


def test_the_list_is_as_old_as_the_run_that_last_found_another(desk: Desk) -> None:
    directory = router(("C1", "M1")).directory
    keep(desk, 1, directory)
    keep(desk, 2, directory)
    keep(desk, 3, replace(directory, staff={**directory.staff, "M1": Person(id="M1", name="Person M1", email=None)}))

    with desk.store.transaction() as connection:
        newest = newest_directory.read(connection)
    assert newest is not None
    assert (newest.since, newest.list_since) == (3, 1)


def waiting(desk: Desk, *, handed_over: bool = False) -> Alert:
    """Have a message that was planned by the first run, when nobody was restricted."""
    alert = desk.alert()
    desk.plan(message("M1", alert))
    keep(desk, 1, router().directory)
    if handed_over:
        claimed = desk.outbox.claim("dead", SEVEN, timedelta(0))
        assert claimed is not None
        desk.outbox.hand_over(claimed, SEVEN)
    return alert


def test_a_notice_of_no_run_does_not_go_to_somebody_who_has_left(desk: Desk) -> None:
    desk.receivers["mail"] = (Receiver(name="mail"), Folder(path=desk.folder / "mails"))
    notices = [replace(message(who), content=NoticeContent(notices=()), purpose="admin") for who in ("M1", "P9", ADMINISTRATOR)]
    with desk.store.transaction() as connection:
        desk.outbox.add(connection, notices, SEVEN)
    keep(desk, 1, router().directory)
    desk.send()
    ends = {
        row.recipient: (row.state, row.reason) for row in desk.rows(purpose="admin") if row.key in {each.key for each in notices}
    }
    assert ends == {"M1": ("accepted", None), "P9": ("cancelled", "not_theirs"), ADMINISTRATOR: ("accepted", None)}


def test_a_message_that_may_have_arrived_is_closed_and_counts_as_told_to_nobody(desk: Desk) -> None:
    desk.copy()
    desk.receivers["mail"] = desk.receivers["copy"]
    waiting(desk, handed_over=True)
    keep(desk, 2, router(("C1", "nobody")).directory)
    desk.send(routes=router().rules)

    [row] = desk.rows(recipient="M1")
    assert (row.state, row.reason) == ("cancelled", "not_theirs")
    assert desk.told() == set()
    assert any(title.startswith("Messages were not sent") for title in desk.notices())


def test_a_run_that_ends_between_a_claim_and_the_hand_over_has_the_message_looked_at_again(desk: Desk) -> None:
    waiting(desk)
    claimed = desk.outbox.claim("here", SEVEN, timedelta(minutes=10))
    assert claimed is not None
    keep(desk, 2, router(("C1", "H1")).directory)

    with pytest.raises(ClaimLostError):
        desk.outbox.hand_over(claimed, SEVEN)
    again = desk.outbox.claim("here", SEVEN, timedelta(minutes=10))
    assert again is not None
    assert again.is_older
