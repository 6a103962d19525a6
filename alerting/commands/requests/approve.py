"""`alerting requests approve`: a second person agrees, and it is done."""

from __future__ import annotations

from contextlib import closing

import click

from alerting.cli import acting, build_app, now, refuse_where_on_page, tell_now
from alerting.terminal import echo


@click.command()
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@click.option("--by", help="Who approves it, not who asked: a worker id, address or name.")
@click.pass_context
def command(ctx: click.Context, number: int, by: str | None) -> None:
    """Approve what another person asked for, by the number of their request: it is done at once."""
    from alerting.alerts.acts import Approval, WipeWanted
    from alerting.commands.audit.wipe import finish_wiping
    from alerting.commands.requests import lapse, look
    from alerting.store import acts
    from alerting.store.granting import Granting

    app = build_app(ctx)
    store, moment = app.store(), now()
    lapse(app, store)
    with store.transaction() as connection:
        waiting = acts.waiting(connection, number)
    if not isinstance(waiting.wanted, WipeWanted):
        refuse_where_on_page(app)
    impact = look(app, waiting)
    with store.transaction() as connection:
        people, second = acting(app, connection, by)
        limits = app.loaded.config.handling
        request = acts.approve(connection, number, second, people, moment, two_accounts=limits.two_accounts)
        approval = Approval(request=request, by=second)
        actions = app.actions(store, connection, request.by, moment, approval=approval)
        done = Granting(request=request, actions=actions, marker=app.marker(store), impact=impact).do()
    with closing(store):
        tell_now(app, store)
        echo(f"Request {number} of {request.by.name} is approved by {second.name}. {done}")
        if isinstance(request.wanted, WipeWanted):
            finish_wiping(app, store, request.wanted.children)
