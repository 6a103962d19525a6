"""What becomes of messages whose receivers fail: each ends in one state, none is lost, and somebody is told."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as parsed
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.commands import cli
from alerting.delivery.sending import Sender
from alerting.errors import StoreError
from alerting.model import Alert, Condition, Level, Notification, Person
from alerting.notifications.directory import Directory, Restriction, Team
from alerting.notifications.fallback import with_chains
from alerting.notifications.messages.rendering import Words
from alerting.notifications.routing import Receiver, Router, RuleRoute
from alerting.store import circuit_breaker, schema
from alerting.store.circuit_breaker import RestingReceiver
from alerting.store.outbox import Outbox
from alerting.store.send_hold import Marker
from alerting.store.store import Store
from notifiers.email import Notifier as Mail
from notifiers.folder import Notifier as Folder
from notifiers.teams import Notifier as Teams
from tests.made_council import MadeCouncil
from tests.servers import CLOSE, ScriptedMailServer, free_port, scripted_mail_server

MONDAY = date(2026, 3, 2)
SEVEN = datetime(2026, 3, 2, 7, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ADMINISTRATOR = "admin@example.gov.uk"
PATH = "/flow"


@dataclass(kw_only=True)
class Desk:
    """A store, receivers and a clock of the test's own. now: what the clock shows; it stands still while messages are sent."""

    store: Store
    folder: Path
    receivers: dict[str, tuple[Receiver, Any]] = field(default_factory=dict)
    now: datetime = SEVEN
    alerts: int = 0

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.store, domain="alerts.example.gov.uk")

    def sender(self, **changes: Any) -> Sender:
        usual = {
            "outbox": self.outbox,
            "words": Words({}, council="Exampleshire"),
            "receivers": self.receivers,
            "owner": "here",
            "marker": Marker(store=self.store, path=None, environment="production"),
            "administrators": [ADMINISTRATOR],
        }
        return Sender(**(usual | changes))

    def send(self, **changes: Any) -> list[str]:
        return self.sender(**changes).send_all(lambda: self.now)

    def mail(self, server: ScriptedMailServer | int, **changes: Any) -> None:
        port = server if isinstance(server, int) else server.port
        usual = {
            "host": "127.0.0.1",
            "port": port,
            "from": "alerts@example.gov.uk",
            "security": "none",
            "helo": "here.example.gov.uk",
        }
        times = {"timeout_s": 0.3, "after_dot_timeout_s": 0.3}
        self.receivers["mail"] = (Receiver(name="mail"), Mail.model_validate(usual | times | changes))

    def copy(self) -> None:
        """Have a second receiver of persons: a folder."""
        self.receivers["copy"] = (Receiver(name="copy"), Folder(path=self.folder / "copy"))

    def teams(self, server: HTTPServer, **changes: Any) -> None:
        channels = {"T1": f"http://127.0.0.1:{server.port}{PATH}?sig=made-up"}
        usual = {"channels": channels, "hosts": ["127.0.0.1"], "seconds_between_cards": 0, "timeout_s": 5, "tries": 1}
        self.receivers["teams"] = (Receiver(name="teams", teams=frozenset({"T1"})), Teams.model_validate(usual | changes))

    def alert(self, **changes: Any) -> Alert:
        """Have an alert about a child of team T1."""
        self.alerts += 1
        usual = {"id": self.alerts, "ref": f"A-{self.alerts}", "rule": "cp-visit-overdue", "code": "CP-03", "subject_kind": "child",
                 "subject": f"C{self.alerts}", "episode": 1, "condition": Condition.firing, "level": Level.red, "first_seen": MONDAY,
                 "level_since": MONDAY, "team": "T1", "person": f"C{self.alerts}"}  # fmt: skip
        made = Alert(**(usual | changes))
        kept = ("id", "ref", "rule", "code", "subject_kind", "subject", "episode", "first_seen", "level_since")
        values = {name: getattr(made, name) for name in kept} | {
            "condition": "firing",
            "level": 3,
            "unit": "",
            "also": "",
            "streak": 0,
        }
        with self.store.transaction() as connection:
            connection.execute(schema.alert.insert().values(values))
        return made

    def plan(self, *notifications: Notification) -> None:
        with self.store.transaction() as connection:
            run = {"job": "daily", "as_of": MONDAY, "started_at": self.now, "status": "running"}
            key = connection.execute(schema.run.insert().values(run)).inserted_primary_key
            self.outbox.plan(connection, int(key[0]) if key else 0, notifications, self.now)

    def rows(self, **which: Any) -> list[Any]:
        query = sa.select(schema.outbox).order_by(schema.outbox.c.id)
        for name, value in which.items():
            query = query.where(schema.outbox.c[name] == value)
        with self.store.transaction() as connection:
            return list(connection.execute(query).all())

    def states(self) -> dict[str, str]:
        """Return the state of each message that is not a notice, by recipient."""
        return {row.recipient: row.state for row in self.rows() if row.purpose != "admin"}

    def notices(self, receiver: str = "mail") -> list[str]:
        rows = self.rows(purpose="admin", receiver=receiver)
        return [notice["title"] for row in rows for notice in json.loads(row.content)["notices"]]

    def resting(self) -> dict[str, RestingReceiver]:
        with self.store.transaction() as connection:
            return circuit_breaker.resting_receivers(connection)

    def told(self, **addresses: str) -> set[tuple[str, int]]:
        with self.store.transaction() as connection:
            return {(recipient, id_) for _, recipient, id_ in self.outbox.last_told(connection, addresses)}


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "empty.db"
    Store.open(f"sqlite:///{path.as_posix()}").close()
    return path


@pytest.fixture
def desk(empty_store: Path, tmp_path: Path) -> Iterator[Desk]:
    store = Store.open(f"sqlite:///{shutil.copy(empty_store, tmp_path / 'alerting.db')}")
    yield Desk(store=store, folder=tmp_path)
    store.close()


@pytest.fixture
def any_desk(made_store: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each kind of store, where what the store does matters."""
    store = Store.open(made_store)
    yield Desk(store=store, folder=tmp_path)
    store.close()


def mails(server: ScriptedMailServer, which: list[bytes] | None = None) -> list[EmailMessage]:
    found = []
    for content in server.accepted if which is None else which:
        mail = message_from_bytes(content, policy=parsed)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def recipients(server: ScriptedMailServer) -> list[str]:
    """Return whom the mails were for that were taken, without the notices."""
    return [str(mail["To"].addresses[0].username) for mail in mails(server) if mail["X-Alert-Purpose"] != "admin"]


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


def item(alert: Alert, state: str = "new") -> dict[str, Any]:
    return {"alert_id": alert.id, "ref": alert.ref, "rule": alert.rule, "state": state, "level": alert.level.name, "team": "T1",
            "subject_kind": "child", "subject": alert.subject, "team_name": "Team T1", "worker_name": None,
            "first_seen": alert.first_seen.isoformat(), "why": "team manager"}  # fmt: skip


def message(recipient: str, *alerts: Alert, day: date = MONDAY, urgency: int = 3, receiver: str = "mail") -> Notification:
    return Notification(
        key=f"{receiver} {recipient} {day}",
        receiver=receiver,
        purpose="daily",
        recipient=recipient,
        name=f"Person {recipient}",
        address=f"{recipient.lower()}@example.gov.uk",
        as_of=day,
        content={
            "items": [item(alert) for alert in alerts],
            "told": [(alert.id, int(alert.level), "firing") for alert in alerts],
            "banners": [],
            "data_as_at": None,
        },
        urgency=urgency,
    )


def card(day: date = MONDAY, urgency: int = 3) -> Notification:
    lines = [{"rule": "CP-03", "title": "Visit overdue", "level": "red", "new": 1, "open": 0, "cleared": 0, "held": 0}]
    content = {"team_name": "Team T1", "lines": lines, "told": [], "banners": [], "data_as_at": None}
    return replace(
        message("team:T1", day=day, urgency=urgency, receiver="teams"), name="Team T1", address=None, content=content
    )  # fmt: skip


def router(*restrictions: tuple[str, str], **addresses: str | None) -> Router:
    """A line of managers over team T1: M1, S1, H1; each with an address unless it is said otherwise."""
    people = {
        id_: Person(id=id_, name=f"Person {id_}", email=addresses.get(id_, f"{id_.lower()}@example.gov.uk"))
        for id_ in ("M1", "S1", "H1", "Q1")
    }
    team = Team(id="T1", name="Team T1", service="help_protection", manager="M1", service_manager="S1", head_of_service="H1")
    directory = Directory(
        staff=people,
        former={},
        teams={"T1": team},
        cover={},
        restricted={child: Restriction(allowed=frozenset({worker})) for child, worker in restrictions},
    )
    route = RuleRoute(
        notify={Level.red: ["team_manager"]}, child_level=True, channel=True, remind_every=5, title="Visit overdue", code="CP-03"
    )
    return Router(directory, {"cp-visit-overdue": route})


def refusing(*addresses: str, answer: str = "550 5.1.1 no such user") -> Any:
    """Answer RCPT with a refusal of these addresses, and take the others."""
    return lambda said: answer if any(address in said.lower() for address in addresses) else "250 ok"


# ---- a recipient who cannot be reached


def test_what_one_mailbox_refuses_goes_to_the_next_manager_up_in_the_same_run(any_desk: Desk) -> None:
    desk = any_desk
    alert = desk.alert()
    desk.plan(*with_chains([message("M1", alert), message("M2")], router(), [alert]))
    with scripted_mail_server(RCPT=refusing("m1@")) as server:
        desk.mail(server)
        desk.send()

    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}
    assert recipients(server) == ["m2", "s1"]
    [passed_on] = [mail for mail in mails(server) if "s1@" in mail["To"]]
    assert "This was for Person M1; it could not be delivered to them." in text(passed_on)
    assert "Why you: in place of Person M1." in text(passed_on)
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
    found = router(S1=None).instead_of(desk.alert(subject="M1", subject_kind="worker", person=None), "Q1")

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

    assert desk.told(M1="m1@example.gov.uk") == {("M1", alert.id)}
    assert desk.told(M1="M1@Example.gov.uk ") == {("M1", alert.id)}
    assert desk.told(M1="person.m1@example.gov.uk") == set()


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
    assert desk.told(M1="m1@example.gov.uk") == {("M1", alert.id)}


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


# ---- a receiver that refuses everybody


def test_a_server_that_is_not_there_is_left_alone_after_three_and_nothing_is_lost(desk: Desk) -> None:
    desk.mail(free_port())
    desk.copy()
    desk.plan(*(message(f"M{number}") for number in range(6)))

    [problem] = desk.send()

    tried = [row.attempts for row in desk.rows() if row.purpose == "daily"]
    assert (sorted(tried), set(desk.states().values())) == ([0, 0, 0, 1, 1, 1], {"planned", "deferred"})
    assert problem.startswith("receiver mail: left alone until 07:0")
    assert "nothing answers at this port" in problem


def test_administrators_are_told_of_it_once_through_another_receiver(desk: Desk) -> None:
    desk.mail(free_port())
    desk.copy()
    desk.plan(*(message(f"M{number}") for number in range(6)))
    for _ in range(4):
        desk.send()
        desk.now += 40 * MINUTE

    assert [(row.receiver, row.state) for row in desk.rows(purpose="admin")] == [("copy", "accepted"), ("mail", "planned")]
    assert desk.notices("copy") == ["The receiver mail cannot be used"]


def test_a_channel_may_be_told_of_the_faults_of_mail(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=202))
    desk.mail(free_port())
    desk.teams(httpserver, faults_to="T1")
    desk.plan(*(message(f"M{number}") for number in range(3)))

    desk.send()

    assert [(row.recipient, row.state) for row in desk.rows(receiver="teams")] == [("team:T1", "accepted")]


def test_a_receiver_at_rest_is_tried_with_one_message_and_then_with_all(any_desk: Desk) -> None:
    desk = any_desk
    with ExitStack() as stack:
        server = stack.enter_context(scripted_mail_server(greeting=["421 4.3.2 too busy"] * 4 + ["220 relay ready"]))
        desk.mail(server)
        desk.plan(*(message(f"M{number}") for number in range(5)))
        desk.send()
        assert server.lines == 3

        desk.now += MINUTE
        desk.send()
        assert (server.lines, desk.resting()["mail"].refusals) == (4, 4)

        desk.now += 30 * MINUTE
        desk.send()

    assert set(desk.states().values()) == {"accepted"}
    assert desk.resting() == {}


def test_a_receiver_rests_for_longer_each_time(desk: Desk) -> None:
    desk.mail(free_port())
    desk.plan(*(message(f"M{number}") for number in range(9)))
    desk.send()
    waits = []
    for _ in range(5):
        desk.now = desk.resting()["mail"].next_at
        desk.send()
        waits.append((desk.resting()["mail"].next_at - desk.now) / MINUTE)

    for wait, most in zip(waits, [5, 15, 30, 30, 30], strict=True):
        assert most * 0.8 <= wait <= most


def test_a_message_that_the_server_chokes_on_does_not_keep_the_others_waiting(desk: Desk) -> None:
    desk.plan(*(message(f"X{number}", urgency=4) for number in range(3)), message("M1"), message("M2"))
    with scripted_mail_server(MAIL="250 ok", RCPT=refusing("x0@", "x1@", "x2@", answer="554 5.7.1 refused by policy")) as server:
        desk.mail(server)
        desk.send()
        assert recipients(server) == []

        desk.now += MINUTE
        desk.send()
        assert sorted(recipients(server)) == ["m1", "m2"]


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": "550 5.7.30 Basic authentication is not supported for Client Submission."},
        {"dot": "554 5.7.1 message content refused"},
        {"dot": "552 5.3.4 too large"},
        {"greeting": "554 5.3.2 no mail here"},
    ],
    ids=lambda answers: "-".join(f"{step} {answer[:3]}" for step, answer in answers.items()),
)
def test_a_refusal_of_the_sender_or_of_every_message_is_not_hammered_at(desk: Desk, answers: dict[str, str]) -> None:
    desk.plan(*(message(f"M{number}") for number in range(9)))
    with scripted_mail_server(**answers) as server:
        desk.mail(server)
        for _ in range(10):
            desk.send()
        tries = max(server.steps.count(step) for step in answers)

    assert tries == 3
    assert set(desk.states().values()) == {"planned", "deferred"}
    [notice] = {json.loads(row.content)["notices"][0]["detail"] for row in desk.rows(purpose="admin")}
    assert next(iter(answers.values()))[:3] in notice


def test_a_message_refused_as_a_whole_twice_by_a_server_that_takes_others_is_passed_on(desk: Desk) -> None:
    alert = desk.alert()
    planned = with_chains([message("M1", alert), message("M2")], router(), [alert])
    desk.plan(*planned)
    with scripted_mail_server(RCPT=refusing("m1@", answer="550 5.7.133 sender not authenticated for group")) as server:
        desk.mail(server)
        desk.send()
        assert desk.states() == {"M1": "deferred", "M2": "accepted"}

        desk.now += MINUTE
        desk.send()

    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}


def test_the_two_receivers_do_not_wait_for_each_other(desk: Desk) -> None:
    desk.mail(free_port())
    desk.copy()
    desk.plan(*(message(f"M{number}", receiver=receiver) for number in range(5) for receiver in ("mail", "copy")))

    desk.send()

    assert {row.state for row in desk.rows(receiver="copy")} == {"accepted"}


# ---- answers that pass, and answers that never come


def test_a_message_that_is_put_off_waits_alone(desk: Desk) -> None:
    desk.plan(message("M1"), message("M2"))
    with scripted_mail_server(
        RCPT=lambda said: "450 4.2.1 grey-listed" if "m1@" in said and desk.now == SEVEN else "250 ok"
    ) as server:
        desk.mail(server)
        desk.send()
        assert desk.states() == {"M1": "deferred", "M2": "accepted"}

        desk.now += MINUTE
        desk.send()

    assert recipients(server) == ["m2", "m1"]


def test_a_line_that_breaks_in_the_middle_of_a_message_costs_nothing(desk: Desk) -> None:
    desk.plan(message("M1"))
    with scripted_mail_server(body=CLOSE) as server:
        desk.mail(server)
        desk.send()
        server.answers["body"] = ""
        desk.now += MINUTE
        desk.send()

    [mail] = mails(server)
    assert "You may have had this message already" not in text(mail)


def test_silence_after_the_final_dot_is_answered_by_one_repeat_that_says_so(desk: Desk) -> None:
    desk.plan(message("M1"))
    with scripted_mail_server(dot=[CLOSE, "250 ok"]) as server:
        desk.mail(server)
        desk.send()

    first, again = mails(server, server.received)
    assert (first["Message-ID"], first["Date"]) == (again["Message-ID"], again["Date"])
    assert "You may have had this message already" not in text(first)
    assert "You may have had this message already" in text(again)
    assert desk.states() == {"M1": "accepted"}


def test_silence_after_the_repeat_is_unknown_and_the_end_of_it(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(message("M1", alert))
    with scripted_mail_server(dot=CLOSE) as server:
        desk.mail(server)
        desk.send()
        desk.now += 30 * MINUTE
        desk.send()

    assert (desk.states(), len(server.received)) == ({"M1": "unknown"}, 2)
    assert desk.told() == set()


# ---- cards


def test_a_routine_card_that_may_have_been_posted_is_not_posted_again(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=504))
    desk.teams(httpserver)
    desk.plan(card())

    desk.send()

    assert (desk.states(), len(httpserver.log)) == ({"team:T1": "unknown"}, 1)


def test_a_critical_card_is_worth_one_repeat(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=504))
    desk.teams(httpserver)
    desk.plan(card(urgency=Level.critical))

    desk.send()

    assert (desk.states(), len(httpserver.log)) == ({"team:T1": "unknown"}, 2)


def test_a_routine_card_whose_sender_died_behind_the_hand_over_is_not_posted_again(desk: Desk, httpserver: HTTPServer) -> None:
    desk.teams(httpserver)
    desk.plan(card())
    died = desk.outbox.claim("there", SEVEN, timedelta(microseconds=-1))
    assert died is not None
    desk.outbox.hand_over(died, SEVEN)
    desk.send()

    assert (desk.states(), httpserver.log) == ({"team:T1": "unknown"}, [])


def test_a_flow_that_is_gone_is_told_once_and_mail_is_not_touched_by_it(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=410))
    desk.teams(httpserver)
    with scripted_mail_server() as server:
        desk.mail(server)
        for number in range(5):
            desk.now = SEVEN + number * DAY
            desk.plan(card(MONDAY + number * DAY), message("M1", day=MONDAY + number * DAY))
            desk.send()

    assert [row.state for row in desk.rows(receiver="teams")] == ["failed"] * 5
    assert recipients(server) == ["m1"] * 5
    assert desk.notices() == ["The channel of Team T1 takes no cards"]


def test_a_busy_flow_is_asked_again_when_it_says_but_within_half_an_hour(desk: Desk, httpserver: HTTPServer) -> None:
    for wait in ("600", "86400"):
        httpserver.expect_ordered_request(PATH).respond_with_response(Response(status=429, headers={"Retry-After": wait}))
    httpserver.expect_ordered_request(PATH).respond_with_response(Response(status=202))
    desk.teams(httpserver, retry_after_max_s=1)
    desk.plan(card())
    for posted, minutes in enumerate((0, 9, 1, 29, 1)):
        desk.now += minutes * MINUTE
        desk.send()
        assert len(httpserver.log) == (posted // 2) + 1

    assert desk.states() == {"team:T1": "accepted"}


# ---- a whole day without, and a day with too much


def test_after_a_day_without_any_receiver_there_is_one_message_that_says_why_it_is_late(any_desk: Desk) -> None:
    desk = any_desk
    alert = desk.alert()
    desk.mail(free_port())
    desk.plan(message("M1", alert))
    for _ in range(20):
        desk.send()
        desk.now += 60 * MINUTE
    assert desk.states() == {"M1": "cancelled"}
    assert desk.rows(recipient="M1")[0].answer.startswith("expired: the mail server cannot be reached")
    assert desk.told() == set()

    desk.now = SEVEN + DAY
    desk.plan(message("M1", alert, day=MONDAY + DAY))
    with scripted_mail_server() as server:
        desk.mail(server)
        desk.send()

    [mail] = [mail for mail in mails(server) if mail["X-Alert-Purpose"] == "daily"]
    assert "Delayed by an outage: your message of Monday 2 March 2026 could not be delivered." in text(mail)
    assert "Since 2 March 2026 (1 day)" in text(mail)
    assert "2 March 2026" in text(mail)
    assert {"The receiver mail cannot be used", "1 message could not be delivered in time"} <= set(desk.notices())


def test_the_most_urgent_goes_first_and_what_the_time_does_not_suffice_for_waits(desk: Desk) -> None:
    desk.plan(message("M1", urgency=1), message("M2", urgency=4), message("M3", urgency=3))
    with scripted_mail_server() as server:
        desk.mail(server)
        ticks = iter([SEVEN + number * MINUTE for number in range(60)])
        desk.sender(deadline=8 * MINUTE).send_all(lambda: next(ticks))
        first = recipients(server)
        desk.send()

    assert first[0] == "m2"
    assert len(first) < 3
    assert recipients(server) == ["m2", "m3", "m1"]


def slowly(seconds: float, answer: Callable[[str], str] = lambda _: "250 ok") -> tuple[Callable[[str], str], list[int]]:
    """Return a step of the dialogue that takes so many seconds, and what it notes: how many lines were in it at once."""
    waiting, together = set[str](), [0]

    def step(said: str) -> str:
        waiting.add(said)
        together.append(len(waiting))
        time.sleep(seconds)
        waiting.discard(said)
        return answer(said)

    return step, together


def test_what_a_slow_server_holds_up_goes_over_more_lines_and_no_more_than_are_allowed(any_desk: Desk) -> None:
    desk = any_desk
    desk.plan(*(message(f"M{number}") for number in range(12)))
    step, together = slowly(0.3)
    with scripted_mail_server(RCPT=step) as server:
        desk.mail(server, timeout_s=5, lines=3)
        desk.send(slow_s=0.1)

    assert max(together) == 3
    assert sorted(recipients(server)) == sorted(f"m{number}" for number in range(12))
    assert set(desk.states().values()) == {"accepted"}


def test_a_server_that_is_quick_gets_one_line(desk: Desk) -> None:
    desk.plan(*(message(f"M{number}") for number in range(12)))
    with scripted_mail_server() as server:
        desk.mail(server, lines=4)
        desk.send()

    assert server.lines == 1


def test_what_fails_on_a_second_line_is_passed_on_in_the_same_run(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(message("M2", urgency=4), *with_chains([message("M1", alert)], router(), [alert]))
    step, together = slowly(0.5, refusing("m1@"))
    with scripted_mail_server(RCPT=step) as server:
        desk.mail(server, timeout_s=5, lines=2)
        desk.send(slow_s=0.1)

    assert max(together) == 2
    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}


def test_a_channel_gets_its_cards_one_after_the_other_however_slow_it_is(desk: Desk) -> None:
    at_once, most = [0], [0]

    def post(_: Any) -> Response:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.3)
        at_once[0] -= 1
        return Response(status=202)

    with HTTPServer(threaded=True) as flow:
        flow.expect_request(PATH).respond_with_handler(post)
        desk.teams(flow)
        desk.mail(free_port(), lines=4)
        desk.plan(*(card(MONDAY + number * DAY) for number in range(3)))
        desk.send(slow_s=0.05)
        posted = len(flow.log)

    assert (posted, most) == (3, [1])


def test_what_goes_wrong_on_a_second_line_is_not_kept_quiet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = Outbox.claim

    def gone_for_others(outbox: Outbox, owner: str, now: datetime, lease: timedelta, receivers: Any = None) -> Any:
        if receivers is not None:
            raise StoreError("the store cannot be used: it is away")
        return claim(outbox, owner, now, lease)

    monkeypatch.setattr(Outbox, "claim", gone_for_others)
    desk.plan(message("M1"), message("M2"))
    step, _ = slowly(0.3)
    with scripted_mail_server(RCPT=step) as server:
        desk.mail(server, timeout_s=5, lines=2)
        with pytest.raises(StoreError, match="it is away"):
            desk.send(slow_s=0.05)

    assert set(desk.states().values()) == {"accepted"}


def test_a_service_that_is_told_to_stop_finishes_its_message_and_leaves_the_rest(desk: Desk) -> None:
    desk.plan(*(message(f"M{number}") for number in range(4)))
    answers = chain([True, True], repeat(False))
    with scripted_mail_server() as server:
        desk.mail(server)
        desk.sender().send_all(lambda: desk.now, lambda: next(answers))

    assert sorted(desk.states().values()) == ["accepted", "accepted", "planned", "planned"]
    assert len(server.accepted) == 2


def test_a_sender_that_is_asleep_while_another_takes_over_sends_nothing_when_it_wakes(any_desk: Desk) -> None:
    desk = any_desk
    desk.plan(message("M1"))

    def take_over(_: str) -> str:
        with desk.store.transaction() as connection:
            connection.execute(schema.outbox.update().values(lease_until=SEVEN))
        assert desk.outbox.claim("there", SEVEN, timedelta(minutes=5)) is not None
        return "250 ok"

    with scripted_mail_server(RCPT=take_over) as server:
        desk.mail(server)
        desk.send()

    assert server.received == []
    assert [(row.state, row.owner, row.handed_over_at) for row in desk.rows()] == [("claimed", "there", None)]


def test_a_receiver_that_is_not_there_any_more_costs_its_messages_alone(desk: Desk) -> None:
    desk.plan(message("M1", receiver="fax"), message("M2"))
    with scripted_mail_server() as server:
        desk.mail(server)
        desk.send()

    assert desk.states() == {"M1": "failed", "M2": "accepted"}
    assert desk.notices() == ["The daily message to Person M1 could not be sent"]


def test_every_message_has_ended_or_waits_and_each_has_a_reason(desk: Desk) -> None:
    alert = desk.alert()
    people = [message(f"M{number}", alert) for number in range(1, 9)]
    desk.plan(*with_chains(people, router(), [alert]))
    answers = {"m1@": "550 5.1.1 no", "m2@": "450 4.2.1 later", "m3@": CLOSE, "m4@": "554 5.7.1 no"}
    with scripted_mail_server(
        RCPT=lambda said: next((answers[who] for who in answers if who in said.lower()), "250 ok")
    ) as server:
        desk.mail(server)
        for _ in range(6):
            desk.send()
            desk.now += 31 * MINUTE
        desk.now = SEVEN + DAY
        desk.send()

    final = {"accepted", "failed", "cancelled", "unknown"}
    rows = desk.rows(purpose="daily")
    assert {row.state for row in rows} <= final
    assert all(row.answer and row.finished_at for row in rows)


# ---- on the command line


def test_what_waits_is_sent_and_what_is_refused_is_shown_and_tried_again(desk: Desk) -> None:
    config = MadeCouncil(desk.folder).configure("sqlite:///alerting.db")

    def alerting(*arguments: str) -> Any:
        return CliRunner().invoke(cli, ["--config", str(config), "deliveries", *arguments])

    with desk.store.transaction() as connection:
        circuit_breaker.remember_refusal(connection, "mail", "M1@example.gov.uk", "550 5.1.1 no such user", datetime.now(UTC))
    desk.now = datetime.now(UTC)
    desk.plan(message("M1", receiver="outbox"))

    assert "m1@example.gov.uk\tmail" in alerting("refused").output
    assert json.loads(alerting("send", "--now", "--json").output) == {"messages": {"accepted": 1}, "bounces": {}, "problems": []}
    assert alerting("send").output == "Messages: none waited\n"
    assert alerting("retry", "m1@Example.gov.uk", "--by", "Ann", "--note", "moved").exit_code == 0
    assert alerting("refused").output == "Nothing is refused.\n"
    assert alerting("retry", "m1@example.gov.uk", "--by", "Ann", "--note", "moved").exit_code == 1
    with desk.store.transaction() as connection:
        [kept] = connection.execute(sa.select(schema.act)).all()
    assert (kept.by, kept.kind, kept.about, kept.note) == ("Ann", "retry_address", "m1@Example.gov.uk", "moved")
