"""The first page of the demo: what each kind of reader gets, then every message, a line each, by whom it is for."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from alerting import private_files
from alerting.authoring.explain.plain_english import label
from alerting.casedata.directory import Directory
from alerting.config import Council
from alerting.notifications.content import DigestContent, Notification, WeeklyContent
from alerting.notifications.messages.layouts import lay_out
from alerting.notifications.roles import ROLE_WORDS
from alerting.notifications.triage import Section, section_of

_SEARCH = """
const box = document.getElementById("search"), said = document.getElementById("found");
box.hidden = false;
box.querySelector("input").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const person of document.querySelectorAll(".person")) {
    const whose = person.dataset.words;
    let any = false;
    for (const line of person.querySelectorAll("li")) {
      const fits = words.every((word) => (whose + " " + line.textContent.toLowerCase()).includes(word));
      line.hidden = !fits;
      any = any || fits;
      shown += fits ? 1 : 0;
    }
    person.hidden = !any;
  }
  said.textContent = words.length ? shown + (shown === 1 ? " message" : " messages") : "";
});
"""
"""Narrows the list to what has every word. Without scripts the list stands there whole, and the box does not show."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One message as the demo's folder has it."""

    #: Of its notification's key, as the folder names it.
    id: str
    day: date
    purpose: str
    name: str
    subject: str
    #: From the demo's folder.
    link: str


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One message that shows what a kind of reader gets."""

    label: str
    says: str
    link: str
    subject: str
    #: What a channel is shown, of a card that is drawn here.
    card: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody, with every message to them."""

    name: str
    role: str
    messages: Sequence[Kept]

    @property
    def words(self) -> str:
        """What they are found by."""
        return f"{self.name} {self.role}".casefold()


def write_showcase(folder: Path, planned: Sequence[Notification], directory: Directory, council: Council, board: Path) -> Path:
    """Write the demo's first page, and return its path. planned: by all its runs. board: the improvement plan's page."""
    cards = _kept(folder, "channel", council)
    kept = [*_kept(folder, "outbox", council), *cards]
    chooser = _Chooser(planned=planned, kept=kept, directory=directory, leaders={one.name for one in council.leadership})
    says = "The improvement plan, stated beside measured: one page fit for a board, with no child in it."
    on_paper = Labelled(label="The board page", says=says, link=board.name, subject="Improvement plan")
    labelled = [*chooser.labelled(), on_paper, *_drawn(folder)]
    roles = {card.name: "channel" for card in cards} | {one.name: "director" for one in council.leadership}
    roles |= {one.name or "": "administrator" for one in council.administrators}
    roles |= {person.name: _role(directory, id_) for id_, person in directory.staff.items()}
    by_name = sorted(kept, key=lambda one: (one.name.casefold(), -one.day.toordinal(), one.purpose))
    readers = [
        Reader(name=name, role=roles.get(name, ""), messages=tuple(messages))
        for name, messages in groupby(by_name, key=lambda one: one.name)
    ]
    page = lay_out(
        "demo.html", labelled=labelled, readers=readers, count=len(kept), script=_SEARCH, script_hash=_hash(_SEARCH),
        first=min(one.day for one in kept), last=max(one.day for one in kept),
    )  # fmt: skip
    path = folder / "index.html"
    private_files.write(path, page)
    return path


def _hash(script: str) -> str:
    """Return the digest by which a browser knows the one script of the page, and lets no other run."""
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _kept(folder: Path, name: str, council: Council) -> list[Kept]:
    listed = folder / name / "messages.json"
    rows = json.loads(listed.read_text("utf-8")) if listed.exists() else []
    return [
        Kept(
            id=row["id"],
            day=datetime.fromisoformat(row["at"]).date(),
            purpose=row["purpose"],
            name=row["name"],
            # The page says at its head that all of it is made up.
            subject=row["subject"].removeprefix(f"[{council.stamped}] "),
            link=f"{name}/{row['files'].get('page') or next(iter(row['files'].values()))}",
        )
        for row in rows
    ]


def _drawn(folder: Path) -> list[Labelled]:
    """Return the fullest card of a channel."""
    cards = [json.loads(path.read_text("utf-8")) for path in sorted((folder / "channel").glob("*-daily-*.json"))]
    full = max(cards, key=lambda card: len(card["rows"]), default=None)
    if full is None:
        return []
    says = "What a team's Teams channel is shown: counts a rule, and no child."
    return [Labelled(label="A team channel's card", says=says, link="", subject=full["title"], card=full)]


def _role(directory: Directory, worker: str) -> str:
    person = directory.staff[worker]
    for post, holder in (
        ("team_manager", "manager"),
        ("service_manager", "service_manager"),
        ("head_of_service", "head_of_service"),
    ):
        teams = [team.name for team in directory.teams.values() if getattr(team, holder) == worker]
        if teams:
            return f"{ROLE_WORDS[post]}, {teams[0] if len(teams) == 1 else f'{len(teams)} teams'}"
    team = directory.teams.get(person.team or "")
    return ", ".join(filter(None, [label(person.role or ""), team.name if team else ""]))


@dataclass(frozen=True, kw_only=True)
class _Chooser:
    """Chooses, of all messages, those that show best what somebody gets."""

    planned: Sequence[Notification]
    kept: Sequence[Kept]
    directory: Directory
    leaders: set[str]

    def labelled(self) -> Iterable[Labelled]:
        managers, above, heads = self._post("manager"), self._post("service_manager"), self._post("head_of_service")
        posts = managers | above | heads
        lists = [one for one in self.planned if isinstance(one.content, DigestContent) and one.purpose == "daily"]
        of_managers = [one for one in lists if one.recipient in managers - above]
        bad = max(of_managers, key=_weight, default=None)
        quiet = [one for one in of_managers if not _count(one, Section.critical) and one is not bad]
        own = [one for one in quiet if bad is not None and one.recipient == bad.recipient] or quiet
        weekly = [one for one in self.planned if isinstance(one.content, WeeklyContent) and not one.is_for_channel]
        worker = [one for one in lists if one.recipient not in posts and one.recipient in self.directory.staff]
        yield from self._one("A worker", "What is theirs to do, and nobody else's.", min(worker, key=_from_a_few, default=None))
        yield from self._one(
            "A team manager on a quiet day", "Few things, in one screen of a phone.", min(own, key=_weight, default=None)
        )
        yield from self._one(
            "A team manager on a bad day", "The worst first, a child once, what is due apart from what is overdue.", bad
        )
        of_above = [one for one in lists if one.recipient in above] or [one for one in weekly if one.recipient in above]
        yield from self._one(
            "A service manager", "What has waited too long with a team of theirs.", max(of_above, key=_weight, default=None)
        )
        head = next((one for one in weekly if one.recipient in heads), None)
        yield from self._one("A head of service", "The week as counts, team beside team; small counts kept back.", head)
        director = next((one for one in weekly if one.name in self.leaders), None)
        yield from self._one("A director", "The week of all teams, in two minutes.", director)
        summary = next((one for one in weekly if bad is not None and one.recipient == bad.recipient), None)
        yield from self._one("The weekly summary", "A team manager's week: in time of how many, and what needs them.", summary)

    def _post(self, holder: str) -> set[str]:
        return {getattr(team, holder) for team in self.directory.teams.values()} - {None}

    def _one(self, title: str, says: str, chosen: Notification | None) -> Iterable[Labelled]:
        if chosen is None:
            return
        id_ = hashlib.blake2b(chosen.key.encode(), digest_size=8).hexdigest()
        for one in [one for one in self.kept if one.id == id_][:1]:
            yield Labelled(label=title, says=says, link=one.link, subject=one.subject)


def _count(notification: Notification, *sections: Section) -> int:
    content = notification.content
    items = content.items if isinstance(content, DigestContent) else ()
    return sum(section_of(item, notification.as_of) in sections for item in items)


def _weight(notification: Notification) -> tuple[int, int]:
    """Return how bad a morning is: what is critical counts for five that are overdue; of two, how much there is."""
    size = len(notification.content.items) if isinstance(notification.content, DigestContent) else 0
    return 5 * _count(notification, Section.critical) + _count(notification, Section.overdue), size


def _from_a_few(notification: Notification) -> tuple[int, str]:
    """Return how far a list is from four items, which shows a worker's without filling the page."""
    size = len(notification.content.items) if isinstance(notification.content, DigestContent) else 0
    return abs(size - 4), notification.recipient
