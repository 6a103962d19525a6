"""One alert in the words of a message: what it is about, what holds, by when, who has it in hand. For the list and for its own page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property

from alerting.alerts import handling_state
from alerting.alerts.handling import KINDS
from alerting.app import App
from alerting.formatting import capital, day, plain, until
from alerting.model import Act, Alert, ClosingReason, Condition, Reason, Tier
from alerting.notifications.called import called
from alerting.notifications.content import Item, ItemState
from alerting.notifications.messages.dates import until_when
from alerting.notifications.messages.headline import WORDS
from alerting.notifications.messages.rendering import AboutRule, Words
from alerting.notifications.silences import Silence, silenced
from alerting.notifications.triage import OPEN, ORDER, Section, section_of
from alerting.store import silences
from alerting.store.store import EndedRun
from alerting.web.council import page_of
from alerting.web.scope import Scope
from alerting.working_days import working_days_between

PUT_OFF = "put off"
"""Where on a list stands what a message only counts: it is snoozed or silenced."""
OPEN_SECTIONS = (*(WORDS[section] for section in ORDER if section in OPEN), PUT_OFF)
ENDED_SECTIONS = (WORDS[Section.done], WORDS[Section.ended])
_STATES = {
    Condition.held: ItemState.held,
    Condition.recovering: ItemState.improving,
    Condition.resolved: ItemState.cleared,
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One alert in words. Every text is plain, and escaped where it meets HTML."""

    alert: Alert
    #: Where on a list it stands, in the words of messages.
    section: str
    #: What it is about, such as `Child 100234`; what stands under one heading has the same.
    heading: str
    title: str
    sentence: str
    about: AboutRule | None
    level: str
    due: str
    #: How far the due date is away.
    over: str
    since: str
    worker: str
    team: str
    notes: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        """Whether its due date has passed."""
        return "over" in self.over


@dataclass(frozen=True, kw_only=True)
class Shower:
    """Puts the alerts of one reader into words."""

    app: App
    scope: Scope
    today: date
    #: By job, when the data of its last run was loaded.
    _loads: dict[str, datetime | None] = field(default_factory=dict)

    def show(self, alert: Alert) -> Shown:
        """Return an alert in words."""
        put_off, silence = self._put_off(alert), self.silenced([alert]).get(alert.ref)
        item, is_open = self._item(alert), alert.condition is not Condition.resolved
        sentence, about = self._words.say(item, self.today, self._ceiling)
        return Shown(
            alert=alert,
            section=PUT_OFF if is_open and (put_off or silence) else WORDS[section_of(item, self.today)],
            heading=self._heading(alert),
            title=self.title(alert),
            sentence=sentence,
            about=about,
            level=alert.level.name.capitalize(),
            due=f"Due {day(alert.due)}" if alert.due else "",
            over=self._over(item) if is_open else "",
            since=f"Since {day(alert.first_seen)}",
            worker=plain(self.name(alert.worker)) if alert.worker else "",
            team=plain(self.scope.router.team_name(alert)),
            notes=tuple(self._notes(alert, put_off, silence)),
        )

    def title(self, alert: Alert) -> str:
        """Return what the rule of an alert is called."""
        return self._titles.get(alert.rule) or plain(alert.rule.replace("-", " ").capitalize())

    def name(self, worker: str | None) -> str:
        """Return a worker's name; their id where the directory does not have them."""
        return self._administrators.get(worker or "") or self.scope.directory.name(worker) or ""

    def silenced(self, alerts: list[Alert]) -> Mapping[str, Silence]:
        """Return the alerts that a silence keeps quiet today, by reference."""
        return silenced(alerts, self._silences) if self._silences else {}

    def facts(self, alert: Alert) -> list[tuple[str, str]]:
        """Return what was recorded of an alert when its rule was last asked, of what this page may show."""
        rule = next((rule for rule in self.app.book.every if rule.id == alert.rule), None)
        tiers = rule.tiers if rule else {}
        shown = {name: value for name, value in alert.facts.items() if tiers.get(name, Tier.detail) <= self._ceiling}
        return [(name.replace("_", " ").capitalize(), _in_words(value)) for name, value in shown.items()]

    def section(self, alert: Alert) -> str:
        """Return where on a list an alert stands: where a message would have it."""
        is_open = alert.condition is not Condition.resolved
        if is_open and (self._put_off(alert) or alert.ref in self.silenced([alert])):
            return PUT_OFF
        return WORDS[section_of(self._item(alert), self.today)]

    # ------------------------------------------------------------------

    def _heading(self, alert: Alert) -> str:
        route = self.scope.router.rules.get(alert.rule)
        name = called(alert, route, self.scope.directory) if route else ""
        kind = "child or young person" if route and route.child_level else alert.subject_kind.replace("_", " ")
        return plain(name or f"{capital(kind)} {alert.person or alert.subject}")

    def _notes(self, alert: Alert, put_off: Act | None, silence: Silence | None) -> list[str]:
        if alert.condition is Condition.resolved:
            detail = alert.resolved_detail
            if alert.resolved_reason is Reason.closed:
                detail = ClosingReason.choices().get(detail or "", detail)
            return [plain(alert.resolved_reason.sentence(detail))] if alert.resolved_reason else []
        notes = []
        given = handling_state.active_assignment(alert)
        if given:
            notes.append(f"Assigned to {self.name(given.assignee)} by {self.name(given.by)}.")
        notes += [f"{self.name(act.by)} has it in hand until {_until(act)}." for act in self.acknowledged(alert)]
        if put_off:
            said = KINDS[put_off.kind]
            notes.append(f"{said.capitalize()} by {self.name(put_off.by)} until {_until(put_off)}.")
        if silence:
            notes.append(f"Silenced by {self.name(silence.by)} until {day(silence.until)}.")
        vain = handling_state.recorded_in_vain(alert, self.today, self._loaded_at(alert))
        if vain:
            notes.append(
                f"{self.name(vain.by)} said on {day(vain.on)} that it was recorded, and it is not in the data loaded since."
            )
        if alert.condition is Condition.held:
            notes.append(f"On hold: {plain(alert.why_held or '')}. It is not cleared.")
        if alert.condition is Condition.recovering:
            notes.append("Improving: the record shows it now. It closes when that lasts.")
        return [plain(note, 300) for note in notes]

    def acknowledged(self, alert: Alert) -> list[Act]:
        """Return the acknowledgements that stand today."""
        return handling_state.active_acknowledgements(alert, self.today)

    def _put_off(self, alert: Alert) -> Act | None:
        return handling_state.active_snooze(alert, self.today, self._loaded_at(alert))

    def _loaded_at(self, alert: Alert) -> datetime | None:
        """Return when the data was loaded by which an alert's rule was last asked: what was recorded since cannot stand in it.

        Where the council does not say when it loads, that is taken to be before the day of the run.
        """
        job = self._jobs.get(alert.rule, "daily")
        if job not in self._loads:
            run = self.scope.store.latest_run(job, within=self.scope.connection)
            self._loads[job] = self._load_of(run) if run else None
        return self._loads[job]

    def _load_of(self, run: EndedRun) -> datetime:
        zone = self.app.loaded.config.council.zone
        return run.loaded_at(zone) or datetime.combine(run.as_of, time.min, zone)

    def _over(self, item: Item) -> str:
        if item.due is None:
            return ""
        if item.due >= self.today:
            return until(item.due, self.today)
        return until_when(item.due, self.today, item.working_days_to_due, in_hours=item.unit == "hours")

    def _working_days_to_due(self, alert: Alert) -> int | None:
        """Return how many working days ago an alert fell due, below nought; None where its rule does not count by them."""
        if alert.due is None or alert.due >= self.today or alert.unit != "working days":
            return None
        return -working_days_between(alert.due, self.today, self.app.book.settings.bank_holidays)

    def _item(self, alert: Alert) -> Item:
        route = self.scope.router.rules.get(alert.rule)
        return Item(
            ref=alert.ref,
            rule=alert.rule,
            state=_STATES.get(alert.condition, ItemState.open),
            level=alert.level,
            subject_kind=alert.subject_kind,
            subject=alert.subject,
            team=alert.team,
            team_name=self.scope.router.team_name(alert),
            worker_name=self.name(alert.worker) or None,
            first_seen=alert.first_seen,
            measure=alert.measure,
            unit=alert.unit,
            due=alert.due,
            facts=alert.facts,
            resolved_reason=alert.resolved_reason,
            working_days_to_due=self._working_days_to_due(alert),
            child_level=route.child_level if route else True,
        )

    @cached_property
    def _words(self) -> Words:
        return self.app.words()

    @cached_property
    def _administrators(self) -> Mapping[str, str]:
        """What administrators are called, by their addresses."""
        return {one.address: one.name or one.address for one in self.app.loaded.config.council.administrators}

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        return {rule.id: plain(rule.title) for rule in self.app.book.every}

    @cached_property
    def _jobs(self) -> Mapping[str, str]:
        return {rule.id: rule.file.job for rule in self.app.book.rules}

    @cached_property
    def _silences(self) -> list[Silence]:
        return silences.standing(self.scope.connection, self.today)

    @property
    def _ceiling(self) -> Tier:
        return Tier[page_of(self.app).ceiling]


def _until(act: Act) -> str:
    return day(act.until) if act.until else "it is taken back"


def _in_words(value: object) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_in_words(part) for part in value[:20])
    try:
        return day(value) if isinstance(value, str) else plain(value)
    except ValueError:
        return plain(value)
