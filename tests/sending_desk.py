"""An outbox with its receivers, from which a test sends: what arrives, and what is known of it afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as parsed
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pytest_httpserver import HTTPServer

from alerting.casedata.directory import Directory, Restriction, Team
from alerting.delivery.sending import Sender
from alerting.model import About, Alert, Condition, Level, Person, Problem
from alerting.notifications.content import (
    Addressee,
    CardContent,
    CardLine,
    DigestContent,
    Item,
    ItemState,
    Notification,
    ToldAlert,
)
from alerting.notifications.fallback import fallback_chains, last_told
from alerting.notifications.messages.rendering import Words
from alerting.notifications.routing import Receiver, Router, RuleRoute
from alerting.store import schema
from alerting.store.messages import circuit_breaker
from alerting.store.messages.circuit_breaker import RestingReceiver
from alerting.store.messages.outbox import Outbox
from alerting.store.messages.send_hold import Marker
from alerting.store.messages.told import told_rows
from alerting.store.store import Store
from notifiers.email import Notifier as Mail
from notifiers.folder import Notifier as Folder
from notifiers.teams import Notifier as Teams
from tests.servers import ScriptedMailServer

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
            "administrators": [Addressee(id=ADMINISTRATOR, name="Administrator", address=ADMINISTRATOR)],
        }
        return Sender(**(usual | changes))

    def send(self, **changes: Any) -> list[Problem]:
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

    def told(self, **addresses: str) -> set[tuple[str, str]]:
        with self.store.transaction() as connection:
            refused = circuit_breaker.known_bad(connection)
            return {(recipient, ref) for _, recipient, ref in last_told(told_rows(connection), set(), addresses, refused)}


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


def item(alert: Alert) -> Item:
    return Item(ref=alert.ref, rule=alert.rule, state=ItemState.new, level=alert.level, team="T1", subject_kind="child",
                subject=alert.subject, team_name="Team T1", worker_name=None, first_seen=alert.first_seen, why="team manager")  # fmt: skip


def message(recipient: str, *alerts: Alert, day: date = MONDAY, urgency: int = 3, receiver: str = "mail") -> Notification:
    return Notification(
        key=f"{receiver} {recipient} {day}",
        receiver=receiver,
        purpose="daily",
        recipient=recipient,
        name=f"Person {recipient}",
        address=f"{recipient.lower()}@example.gov.uk",
        as_of=day,
        content=DigestContent(
            items=tuple(item(alert) for alert in alerts),
            told=tuple(ToldAlert(ref=alert.ref, level=alert.level, condition=Condition.firing) for alert in alerts),
        ),
        urgency=urgency,
    )


def with_chains(messages: list[Notification], router: Router, alerts: list[Alert]) -> list[Notification]:
    """Return messages with who is told of their alerts when their recipients cannot be reached."""
    found = []
    for message in messages:
        mine = [alert for alert in alerts if any(told.ref == alert.ref for told in message.told)]
        assert isinstance(message.content, DigestContent)
        content = replace(message.content, instead=fallback_chains(router, message.recipient, mine))
        found.append(replace(message, content=content))
    return found


def card(day: date = MONDAY, urgency: int = 3) -> Notification:
    line = CardLine(rule="CP-03", title="Visit overdue", level=Level.red, new=1, open=0, cleared=0, held=0)
    content = CardContent(team_name="Team T1", lines=(line,), told=())
    return replace(message("team:T1", day=day, urgency=urgency, receiver="teams"), name="Team T1", address=None, content=content)


def router(*restrictions: tuple[str, str], about: About = About.child, **addresses: str | None) -> Router:
    """Return a line of managers over team T1: M1, S1, H1; each with an address unless it is said otherwise."""
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
        notify={Level.red: ["team_manager"]}, channel=True, remind_every=5, title="Visit overdue", code="CP-03", about=about
    )
    return Router(directory, {"cp-visit-overdue": route})


def refusing(*addresses: str, answer: str = "550 5.1.1 no such user") -> Any:
    """Answer RCPT with a refusal of these addresses, and take the others."""
    return lambda said: answer if any(address in said.lower() for address in addresses) else "250 ok"
