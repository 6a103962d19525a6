"""A recipient who cannot be reached: who is told instead, and when they are tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting.model import About
from tests.sending_desk import (
    DAY,
    MONDAY,
    SEVEN,
    Desk,
    mails,
    message,
    recipients,
    refusing,
    router,
    text,
    with_chains,
)
from tests.servers import scripted_mail_server

# ---- a recipient who cannot be reached


def test_what_one_mailbox_refuses_goes_to_the_next_manager_up_in_the_same_run(any_desk: Desk) -> None:
    desk = any_desk
    alert = desk.alert()
    desk.plan(*with_chains([message("M1", alert), message("M2")], router(), [alert]))
    with scripted_mail_server(RCPT=refusing("m1@")) as server:
        desk.mail(server)
        desk.send()

    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}
    assert sorted(recipients(server)) == ["m2", "s1"]  # over two lines, in either order
    [passed_on] = [mail for mail in mails(server) if "s1@" in mail["To"]]
    assert "This was for Person M1; it could not be delivered to them." in text(passed_on)
    assert "Why you: in place of Person M1, unless an item says otherwise." in text(passed_on)
    assert [row.stands_for for row in desk.rows(recipient="S1")] == [desk.rows(recipient="M1")[0].id]


def test_the_next_up_is_given_only_what_they_may_know_of(desk: Desk) -> None:
    open_, restricted = desk.alert(), desk.alert()
    planned = with_chains([message("M1", open_, restricted)], router((restricted.person or "", "H1")), [open_, restricted])
    desk.plan(*planned)
    with scripted_mail_server(RCPT=refusing("m1@")) as server:
        desk.mail(server)
        desk.send()

    by_recipient = {str(mail["To"].addresses[0].username): text(mail) for mail in mails(server)}
    assert (open_.ref in by_recipient["s1"], restricted.ref in by_recipient["s1"]) == (True, False)
    assert (open_.ref in by_recipient["h1"], restricted.ref in by_recipient["h1"]) == (False, True)
    assert all(alert.ref not in by_recipient["admin"] for alert in (open_, restricted))


def test_when_the_next_up_cannot_be_reached_either_it_goes_further_up(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(*with_chains([message("M1", alert)], router(), [alert]))
    with scripted_mail_server(RCPT=refusing("m1@", "s1@")) as server:
        desk.mail(server)
        desk.send()

    assert desk.states() == {"M1": "failed", "S1": "failed", "H1": "accepted"}
    [passed_on] = [mail for mail in mails(server) if "h1@" in mail["To"]]
    assert "This was for Person M1;" in text(passed_on)


def test_with_nobody_left_it_stays_to_be_told_and_administrators_are_told_without_case_data(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(*with_chains([message("H1", alert)], router(), [alert]))
    with scripted_mail_server(RCPT=refusing("h1@")) as server:
        desk.mail(server)
        desk.send()

    assert desk.states() == {"H1": "failed"}
    assert desk.told() == set()
    assert sorted(desk.notices()) == ["Alerts that nobody could be told of", "Messages to Person H1 cannot be delivered"]
    assert all(alert.ref not in text(mail) and "C1" not in text(mail) for mail in mails(server))


@pytest.mark.parametrize(("recipient", "instead"), [("M1", ["S1", "H1"]), ("S1", ["H1"]), ("H1", []), ("Q1", ["M1", "S1", "H1"])])
def test_who_is_told_instead(desk: Desk, recipient: str, instead: list[str]) -> None:
    assert [person.id for person in router().instead_of(desk.alert(), recipient)] == instead


def test_nobody_is_told_instead_who_is_whom_it_is_about_or_has_no_address(desk: Desk) -> None:
    found = router(about=About.worker, S1=None).instead_of(desk.alert(subject="M1", subject_kind="worker", person=None), "Q1")

    assert [person.id for person in found] == ["H1"]


def test_a_refused_address_is_not_tried_again_and_administrators_are_told_once(desk: Desk) -> None:
    alert = desk.alert()
    with scripted_mail_server(RCPT=refusing("m1@")) as server:
        desk.mail(server)
        for number in range(3):
            desk.now = SEVEN + number * DAY
            desk.plan(*with_chains([message("M1", alert, day=MONDAY + number * DAY)], router(), [alert]))
            desk.send()

    assert recipients(server) == ["s1", "s1", "s1"]
    assert server.steps.count("RCPT") == 1 + 3 + 1
    assert desk.notices() == ["Messages to Person M1 cannot be delivered"]


def test_after_two_weeks_a_refused_address_is_tried_once_more_and_forgotten_when_it_takes_mail(desk: Desk) -> None:
    alert = desk.alert()
    with scripted_mail_server(RCPT=["550 5.2.2 mailbox full", "250 ok"]) as server:
        desk.mail(server)
        for days in (0, 15, 16):
            desk.now = SEVEN + days * DAY
            desk.plan(*with_chains([message("M1", alert, day=MONDAY + days * DAY)], router(), [alert]))
            desk.send()

    assert recipients(server) == ["s1", "m1", "m1"]


def test_what_was_passed_on_counts_as_told_until_the_directory_gives_another_address(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(*with_chains([message("M1", alert)], router(), [alert]))
    with scripted_mail_server(RCPT=refusing("m1@")) as server:
        desk.mail(server)
        desk.send()

    assert desk.told(M1="m1@example.gov.uk") == {("M1", alert.ref)}
    assert desk.told(M1="M1@Example.gov.uk ") == {("M1", alert.ref)}
    assert desk.told(M1="person.m1@example.gov.uk") == set()


@pytest.mark.slow
def test_an_address_that_our_own_settings_refuse_is_used_as_soon_as_they_allow_it(desk: Desk) -> None:
    alert = desk.alert()
    with scripted_mail_server() as server:
        desk.mail(server, domains=["elsewhere.gov.uk"])
        desk.plan(*with_chains([message("M1", alert)], router(S1="s1@elsewhere.gov.uk"), [alert]))
        desk.send()
        desk.mail(server)
        desk.now += DAY
        desk.plan(*with_chains([message("M1", alert, day=MONDAY + DAY)], router(), [alert]))
        desk.send()

    assert recipients(server) == ["s1", "m1"]
    assert desk.told(M1="m1@example.gov.uk") == {("M1", alert.ref)}


def test_a_newer_message_takes_the_place_of_a_stand_in_that_has_not_gone(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(*with_chains([message("M1", alert)], router(), [alert]))
    said = iter(["550 5.1.1 no such user"])
    with scripted_mail_server(RCPT=lambda _: next(said, "450 4.2.1 later")) as server:
        desk.mail(server)
        desk.send()
    assert desk.states() == {"M1": "failed", "S1": "deferred"}

    desk.plan(message("S1"))
    assert [row.state for row in desk.rows(recipient="S1")] == ["deferred", "planned"]
    desk.plan(message("M1", alert, day=MONDAY + DAY))
    assert [row.state for row in desk.rows(recipient="S1")] == ["cancelled", "planned"]


@pytest.mark.parametrize("address", ["a..b@example.gov.uk", "a.@example.gov.uk", "m1@example.gov.uk; m9@example.gov.uk", "m1@exаmple.gov.uk",
                                     "m1@example.gov.uk.", "m1%evil.example@example.gov.uk", "m1@elsewhere.example"])  # fmt: skip
def test_an_address_that_nothing_may_go_to_is_passed_on_in_the_same_run_and_told(desk: Desk, address: str) -> None:
    alert = desk.alert()
    [planned] = with_chains([message("M1", alert)], router(), [alert])
    desk.plan(replace(planned, address=address))
    with scripted_mail_server() as server:
        desk.mail(server, domains=["example.gov.uk"])
        desk.send()

    assert desk.states() == {"M1": "failed", "S1": "accepted"}
    assert recipients(server) == ["s1"]
    assert desk.notices() == ["Messages to Person M1 cannot be delivered"]
