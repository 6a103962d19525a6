"""Any message of a day as its reader gets it, for whoever words messages: what the run would decide, or has. Nothing is stored or sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from alerting.app import App
from alerting.authoring.today import Today, look, work_out
from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.evaluation import day
from alerting.formatting import day as on
from alerting.formatting import listed
from alerting.model import CHANNEL, Message, Problem
from alerting.notifications.admin_digest import Aftermath, compose_admin_digest, daily_keys
from alerting.notifications.content import CardContent, DigestContent, Notification, WeeklyContent
from alerting.notifications.policy import Policy
from alerting.notifications.report import Sending
from alerting.notifications.roles import ROLE_WORDS
from alerting.store.messages.sent import planned_for
from alerting.store.world import read_aftermath

ROLES = {
    **{role: ROLE_WORDS[role] for role in ("worker", "team_manager", "service_manager", "head_of_service", "performance")},
    "director": "director",
    "administrator": "administrator",
    "channel": "channel of a team",
}
"""Whose messages can be asked for without a name, in words."""

_TO_ADMINISTRATORS = ("admin", "quality")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One message, put into words."""

    message: Message
    #: What went wrong with words on the way, as administrators would be told.
    problems: tuple[Problem, ...]
    #: Whether a run of the day has planned it already.
    is_planned: bool
    #: How many others of the role that was asked for have a message too.
    others: int = 0


def preview_message(
    app: App, job: str, as_of: date, now: datetime, *, recipient: str | None = None, role: str | None = None
) -> Preview:
    """Return the message of a job to one recipient, or the fullest to somebody of a role. Raises AlertingError where there is none.

    recipient: a worker id, an address, a name, or `team:` and a team's id for its channel. Reads the case data and the store.
    """
    found = _look(app, job, as_of)
    theirs = _of_role(app, found, role) if role is not None else _of_recipient(app, found, recipient or "")
    if not theirs:
        whose = f"no {ROLES[role]} has a" if role is not None else f"'{recipient}' has no"
        raise AlertingError(f"{whose} {job} message on {on(as_of)}: nothing is new to them", remedy=_other_job(job))
    chosen = max(theirs, key=lambda one: (isinstance(one.content, WeeklyContent), _size(one), one.urgency, one.recipient))
    receiver, notifier = app.receivers()[chosen.receiver]
    rendered = app.words().render(
        chosen,
        ceiling=notifier.ceiling,
        message_id=f"preview@{app.loaded.config.council.domain}",
        planned_at=now,
        channel=chosen.recipient.removeprefix(CHANNEL) if receiver.teams is not None else None,
    )
    return Preview(
        message=rendered.message,
        problems=rendered.problems,
        is_planned=chosen in found.planned,
        others=len({one.recipient for one in theirs}) - 1,
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The messages of a job on a day."""

    job: str
    today: Today
    #: Those that a run has planned already, the newest first.
    planned: Sequence[Notification]
    #: These, and what a run would plan beside them.
    messages: Sequence[Notification]

    def best_of(self, theirs: list[Notification]) -> list[Notification]:
        """Return those of the job's own purpose alone, where there are any."""
        return [one for one in theirs if one.purpose == self.job] or theirs


def _look(app: App, job: str, as_of: date) -> _Found:
    policy, is_of_the_week = app.policy(), job == "weekly"
    rules = policy.rules_of(job)
    with look(app, app.book.rules if is_of_the_week else rules, as_of) as found:
        today = work_out(app, policy, found, day.ask(app.book, found, rules, watch=is_of_the_week), job)
        judged = found.trust
    planned, aftermath = _remembered(app, today, policy, job)
    decided = (
        *today.decision.notifications,
        *compose_admin_digest(policy, today.decision, Sending(), aftermath, judged).messages,
    )
    known = {_kind(one) for one in planned}
    messages = [*planned, *(one for one in decided if _kind(one) not in known)]
    return _Found(job=job, today=today, planned=planned, messages=[one for one in messages if one.receiver in app.notifiers])


def _kind(notification: Notification) -> tuple[str, str, type]:
    return notification.recipient, notification.purpose, type(notification.content)


def _remembered(app: App, today: Today, policy: Policy, job: str) -> tuple[list[Notification], Aftermath]:
    """Return what a run of the day has planned already, and what its message to administrators is made of; nothing without a store."""
    store, as_of = app.store_there_is(), today.decision.as_of
    if store is None:
        return [], Aftermath()
    try:
        with store.transaction() as connection:
            planned = planned_for(connection, as_of, job)
            aftermath = read_aftermath(connection, policy, today.decision, daily_keys(policy, today.decision))
    finally:
        store.close()
    return planned, aftermath


def _of_role(app: App, found: _Found, role: str) -> list[Notification]:
    """Return the messages to those of a role."""
    if role == "channel":
        return [one for one in found.messages if one.is_for_channel]
    purposes = _TO_ADMINISTRATORS if role == "administrator" else (found.job,)
    people = _holders(app, found.today, role)
    return [one for one in found.messages if one.purpose in purposes and one.recipient in people]


def _holders(app: App, today: Today, role: str) -> set[str]:
    """Return who has a role on the day, by id: whoever answers for it, as cover too; of workers, all of the staff who hold no post."""
    router = today.decision.router

    def holders(post: str) -> set[str]:
        found = [router.answers_for(team, post) for team in router.directory.teams]
        return {one.person.id for one in found if one and (one.direct or one.covering)}

    match role:
        case "team_manager" | "service_manager" | "head_of_service":
            return holders(role)
        case "performance":
            performance = router.performance()
            return {performance.person.id} if performance else set()
        case "director":
            leadership = app.loaded.config.council.leadership
            return {id_ for one in leadership for id_ in (one.worker_id, one.address) if id_}
        case "administrator":
            return {one.id for one in today.decision.administrators}
    posts = holders("team_manager") | holders("service_manager") | holders("head_of_service")
    return set(router.directory.staff) - posts - {one.id for one in today.decision.administrators}


def _of_recipient(app: App, found: _Found, said: str) -> list[Notification]:
    """Return the messages to one recipient, those of the job alone where there are any. Raises AlertingError for who is nobody, or several."""
    wanted = said.strip().casefold()
    if wanted.startswith(CHANNEL):
        return _of_channel(app, found, wanted, said)
    staff, council = found.today.decision.router.directory.staff.values(), app.loaded.config.council
    people = [(person.id, person.name, person.email) for person in staff]
    people += [(one.worker_id or one.address, one.name or "", one.address) for one in council.administrators]
    people += [(one.worker_id or one.address, one.name, one.address) for one in council.leadership]
    # Somebody may be there twice: on the staff list, and with the same address in config.yaml.
    meant = {id_: (address or id_).casefold() for id_, name, address in people if wanted in _casefolded(id_, name, address)}
    if len(set(meant.values())) > 1:
        raise AlertingError(f"more than one is called '{said}'", remedy=f"Give one of these ids: {', '.join(sorted(meant))}.")
    if not meant:
        known = [name for names in people for name in names if name]
        raise AlertingError(
            f"there is nobody called '{said}'", remedy=did_you_mean(said, known) or "Give a worker id or an address."
        )
    return found.best_of([one for one in found.messages if one.recipient in meant])


def _of_channel(app: App, found: _Found, wanted: str, said: str) -> list[Notification]:
    channels = {f"{CHANNEL}{team}" for receiver, _ in app.receivers().values() for team in receiver.teams or ()}
    if wanted not in _casefolded(*channels):
        remedy = did_you_mean(said, channels) or f"There are {listed(sorted(channels)) or 'none'}."
        raise AlertingError(f"no receiver of config.yaml has the channel '{said}'", remedy=remedy)
    return found.best_of([one for one in found.messages if one.recipient.casefold() == wanted])


def _casefolded(*names: str | None) -> set[str]:
    return {name.casefold() for name in names if name}


def _other_job(job: str) -> str:
    return "Summaries are of the week: `--job weekly`." if job == "daily" else "Lists are of the day: `--job daily`."


def _size(notification: Notification) -> int:
    match notification.content:
        case DigestContent(items=items):
            return len(items)
        case CardContent(lines=lines):
            return len(lines)
        case WeeklyContent(scope=scope, teams=teams):
            return len(scope) + len(teams)
    return 0
