"""A service whose mails come back: its relay, and the folder in which bounces land."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as parsed
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting.app import build
from alerting.audit import verify
from alerting.delivery.bounces import BounceReport
from alerting.store import schema
from tests.made_council import MONDAY
from tests.office import Office
from tests.servers import ScriptedMailServer

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Post(Office):
    """An office that sends by mail, with a folder of bounces; its one rule tells M1 of C1 and C2."""

    def __init__(self, folder: Path, store: str = "sqlite:///alerting.db") -> None:
        folder.mkdir()
        super().__init__(folder, store)
        self.rules_of_its_own()
        self.rule()
        self.bounces = folder / "bounces"
        for name in ("new", "cur", "tmp"):
            (self.bounces / name).mkdir(parents=True)
        self.count = 0

    def by_mail(self, port: int, **changes: Any) -> None:
        mail = {"type": "email", "host": "127.0.0.1", "port": port, "from": "alerts@example.gov.uk", "security": "none"}
        self.settings |= {"receivers": {"mail": mail | {"bounces": "bounces"} | changes}}

    def arrives(self, content: bytes) -> Path:
        self.count += 1
        path = self.bounces / "new" / f"{1772434805 + self.count}.{self.count}.relay"
        path.write_bytes(content)
        return path

    def look(self, at: datetime, *, send: bool = False) -> BounceReport:
        """Do what `alerting deliveries send` does."""
        app = build(self.folder / "config.yaml")
        store = app.store()
        try:
            sender = app.sender(store)
            looked = app.bounces(sender).read(lambda: at)
            if send:
                sender.send_all(lambda: at)
        finally:
            store.close()
        return looked

    def all(self, table: sa.Table) -> list[Any]:
        store = self.store()
        try:
            with store.transaction() as connection:
                return list(connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all())
        finally:
            store.close()

    def rows(self, recipient: str) -> list[Any]:
        return [row for row in self.all(schema.outbox) if (row.recipient, row.purpose) == (recipient, "daily")]

    def told_of(self, recipient: str) -> set[int]:
        return {row.alert_id for row in self.all(schema.told) if row.recipient == recipient}

    def refused(self) -> list[str]:
        return [row.address for row in self.all(schema.bad_address)]

    def breaches(self, until: date) -> list[str]:
        store = self.store()
        try:
            with store.transaction() as connection:
                moment = datetime.combine(until, datetime.min.time(), UTC) + timedelta(hours=12)
                return [str(breach) for breach in verify.verify(connection, MONDAY, until, moment).breaches]
        finally:
            store.close()

    def administrators_told(self) -> list[str]:
        rows = [row for row in self.all(schema.outbox) if row.purpose == "admin" and row.recipient == "admin@example.gov.uk"]
        return [notice["title"] for row in rows for notice in json.loads(row.content)["notices"]]


def on(day: date, hour: int = 8) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def to(server: ScriptedMailServer, name: str) -> list[EmailMessage]:
    """Return the daily mails that a relay took for somebody."""
    mails = [message_from_bytes(content, policy=parsed) for content in server.accepted]
    found = [mail for mail in mails if isinstance(mail, EmailMessage) and mail["X-Alert-Purpose"] == "daily"]
    return [mail for mail in found if mail["To"].addresses[0].username == name]


def words(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())
