"""`alerting alerts`: the lists people ask for, and what they do about an alert. A file of this folder is a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alerting import cli
from alerting.alerts import handling_state
from alerting.alerts.acts import Approval, Request, two_people
from alerting.alerts.people import Actor, People
from alerting.cli import DAY, CommandFolder, build_app, now, today
from alerting.errors import AlertingError
from alerting.model import Alert
from alerting.terminal import echo

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.authoring.today import Today
    from alerting.store.alert_actions import AlertActions
    from alerting.store.store import Store, Transaction

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """List alerts, look at one, and say what is done about it."""


def as_row(alert: Alert) -> dict[str, Any]:
    """Return an alert as `alerts list --json` prints it."""
    # As they were given, whatever the day: what has run out is said too.
    hand, given, put_off = (
        handling_state.active_acknowledgements(alert, date.min),
        handling_state.active_assignment(alert),
        handling_state.active_snooze(alert, date.min),
    )
    measure = int(alert.measure) if alert.measure is not None and alert.measure == int(alert.measure) else alert.measure
    return {
        "ref": alert.ref,
        "code": alert.code,
        "rule": alert.rule,
        "subject": alert.subject,
        "subject_kind": alert.subject_kind,
        "level": alert.level.name,
        "condition": alert.condition.value,
        "measure": measure,
        "unit": alert.unit,
        "due": alert.due.isoformat() if alert.due else None,
        "team": alert.team,
        "worker": alert.worker,
        "first_seen": alert.first_seen.isoformat(),
        "acknowledged_by": hand[-1].by if hand else None,
        "assigned_to": given.assignee if given else None,
        "snoozed_until": put_off.until.isoformat() if put_off and put_off.until else None,
        "held_reason": alert.why_held,
        "rule_version": alert.rule_version,
    }


def by(what: str) -> Callable[[_Command], _Command]:
    """Return the option that says who does something. what: such as `acknowledges it`."""
    told = f"Who {what}: a worker id, address or name; left out, whose account in config.yaml gives the command."
    return click.option("--by", help=told)


def approved_by(command: _Command) -> _Command:
    """Add the option that names a second person: they are asked, and approve it with a command of their own."""
    return click.option("--approved-by", help="Who is asked to approve it, where it takes two; anybody else when left out.")(
        command
    )


@contextmanager
def acting(ctx: click.Context, ref: str, by: str | None, approved_by: str | None = None) -> Iterator[tuple[AlertActions, Alert]]:
    """Return an alert, and where somebody may do something to it: one transaction. Raises AlertingError where there is none."""
    app = build_app(ctx)
    if approved_by is not None:
        cli.refuse_where_on_page(app)
    store = app.store()
    try:
        with store.transaction() as connection:
            people, actor = cli.acting(app, connection, by)
            asked = second_named(people, actor, approved_by)
            alert = find_alert(store, ref, connection)
            yield actions_of(app, store, connection, actor, asked=asked), alert
        cli.tell_now(app, store)
    finally:
        store.close()


def second_named(people: People, actor: Actor, approved_by: str | None) -> str | None:
    """Return who is asked to approve, by id; None where nobody is named. Raises HandlingError for nobody, or for who asks."""
    if approved_by is None:
        return None
    person = people.named(approved_by)
    two_people(people, actor, Actor(id=person.id, name=person.name))
    return person.id


def echo_request(asked: Request) -> None:
    """Print that something waits for a second person, and what they give."""
    echo(
        f"Nothing is done yet: it takes two people, as {asked.why}. Request {asked.id} waits for "
        f"{asked.asked or 'a second person'}: `alerting requests approve {asked.id} --by NAME`, given by them."
    )


def actions_of(
    app: App, store: Store, connection: Transaction, by: Actor, *, asked: str | None = None, approval: Approval | None = None
) -> AlertActions:
    """Return where somebody may do something to alerts today, as far as the council lets people go."""
    return app.actions(store, connection, by, now(), asked=asked, approval=approval)


def as_of(command: _Command) -> _Command:
    """Add the option that names the day whose directory says who is who."""
    return click.option("--as-of", type=DAY, help="The day whose directory says who is who; today when left out.")(command)


def today_of(app: App, as_of: datetime | None) -> Today:
    """Return what a day's directory and what people did say of the live alerts. Raises SourceError where it cannot be read."""
    from alerting.authoring.today import decide_today

    return decide_today(app, as_of.date() if as_of else today(app))


def find_alert(store: Store, ref: str, within: Transaction | None = None) -> Alert:
    """Return the alert with a reference. Raises AlertingError where there is none."""
    found = store.find(ref, within)
    if found is None:
        raise AlertingError(f"there is no alert {ref}", remedy="`alerting alerts list --all` shows them.")
    return found


def naming(app: App, connection: Transaction) -> Callable[[Alert], str]:
    """Return what says of an alert what it is about, in the words of a message: `Team Assessment West`, `care leaver 100234`."""
    from alerting.casedata.directory import Directory
    from alerting.notifications.called import called
    from alerting.notifications.policy import routes_of
    from alerting.store import newest_directory

    newest = newest_directory.read(connection)
    nobody = Directory(staff={}, former={}, teams={}, cover={}, restricted=None)
    directory = newest.directory if newest else nobody
    routes = routes_of(app.book.every)

    def name(alert: Alert) -> str:
        route = routes.get(alert.rule)
        return (called(alert, route, directory) if route else "") or f"{alert.subject_kind.replace('_', ' ')} {alert.subject}"

    return name


def measured(alert: Alert) -> str:
    """Return an alert's measure with its unit, "" where it has none."""
    return f"{alert.measure:g} {alert.unit}" if alert.measure is not None else ""
