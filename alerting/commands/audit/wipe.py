"""`alerting audit wipe`: two people wipe what is kept about a child."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING

import click

from alerting.alerts.acts import Request, WipeWanted
from alerting.cli import acting, build_app, now, tell_now, today
from alerting.commands.alerts import approved_by, echo_request, second_named
from alerting.commands.alerts import by as who
from alerting.errors import AlertingError, HandlingError
from alerting.formatting import plural
from alerting.terminal import echo

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.store.store import Store


@click.command()
@click.argument("child", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why, such as the number of the request; it stays, and may not name the child.")
@who("asks for it")
@approved_by
@click.pass_context
def command(ctx: click.Context, child: tuple[str, ...], reason: str, by: str | None, approved_by: str | None) -> None:
    """Ask a second person to wipe what is kept about a child. CHILD is each id of theirs that you know. It cannot be brought back."""
    from alerting.commands.audit import ids_of
    from alerting.store import acts, child_rows, wiping

    app, moment = build_app(ctx), now()
    with closing(app.store()) as store:
        ids = ids_of(app, store, child)
        with store.transaction() as connection:
            people, actor = acting(app, connection, by)
            asked = second_named(people, actor, approved_by)
            rows = child_rows.find(connection, ids)
            if child_rows.is_named(reason, rows):
                raise HandlingError("the reason names the child, and it stays", remedy="Give the number of the request instead.")
            request = acts.ask(
                connection,
                Request(
                    id=0,
                    at=moment,
                    by=actor,
                    about=wiping.ABOUT,
                    note=reason,
                    wanted=WipeWanted(children=tuple(sorted(ids))),
                    asked=asked,
                    why="what is wiped cannot be brought back",
                ),
            )
        tell_now(app, store)
    echo(
        f"It would wipe {plural(len(rows.alerts), 'alert')}, what {plural(len(rows.messages), 'message')} said of anybody, what stands "
        f"beside {plural(len(rows.acts), 'act')}, {plural(len(rows.set_aside), 'row')} set aside, and the child in the days kept."
    )
    if not (rows.alerts or rows.messages or rows.acts or rows.silences or rows.mentioned_in or rows.set_aside):
        # Not refused: the child may be in the days kept, on the list, or in what a wipe that failed has left in the files.
        echo(
            "No alert, message, act or silence has that id: before it is approved see that it is right, and every id that the child has had.",
            err=True,
        )
    echo_request(request)


def finish_wiping(app: App, store: Store, children: Collection[str]) -> None:
    """Take a wiped child out of the days kept, and overwrite what the database's file still has. Raises AlertingError where that cannot be done."""
    from alerting.casedata.engine_errors import EngineError
    from alerting.casedata.snapshot import Snapshot
    from alerting.store import wiping

    try:
        with Snapshot(today(app), app.book.settings) as snapshot:
            rows = app.archive().take_out(snapshot, children)
    except (EngineError, OSError) as error:
        said = error.safe if isinstance(error, EngineError) else error.strerror
        raise AlertingError(
            f"the child could not be taken out of the days kept: {said}", remedy="Put that right, then wipe the child once more."
        ) from None
    echo(f"{plural(rows, 'row')} went from the days kept.")
    if not wiping.overwrite(store):
        raise AlertingError(
            "the file of the store may still have what was wiped: another process reads it",
            remedy="Stop `alerting serve`, then wipe the child once more.",
        )
