"""`alerting rules promote`: a rule that was tried first goes live."""

from __future__ import annotations

from datetime import timedelta

import click

from alerting.alerts.acts import ActKind
from alerting.authoring.promotion import promote, refusal
from alerting.cli import acting, build_app, now, tell_now, today
from alerting.errors import AlertingError
from alerting.terminal import echo


@click.command()
@click.argument("rule")
@click.option("--why", default="", help="Why it goes live although too few of its alerts were judged right.")
@click.option("--by", help="Who promotes it; left out, whose account in config.yaml gives the command.")
@click.pass_context
def command(ctx: click.Context, rule: str, why: str, by: str | None) -> None:
    """Let a rule that is in shadow go live, by its code: config.yaml names it under `promoted`, and the next run tells whom it names.

    Refused below the share of alerts judged right that the settings want, unless a reason is given.
    """
    from alerting.store import rule_quality

    app = build_app(ctx)
    found = next((one for one in app.book.rules if rule in (one.code, one.id) or rule.upper() == one.code), None)
    if found is None or not found.shadow:
        raise AlertingError(f"'{rule}' is no rule in shadow", remedy="`alerting rules list` shows which are.")
    store = app.store()
    try:
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            days = (today(app) - timedelta(days=3660), today(app))
            [row] = rule_quality.measure(connection, [found], *days, lambda start, end: (end - start).days)
            refused = refusal(row, app.book.settings.params)
            if refused and not why.strip():
                raise AlertingError(
                    f"{found.code} is not promoted: {refused}", remedy="Judge more of its alerts, or say why with --why."
                )
            file = promote(app.loaded, found.code)
            note = f"{row.judged_words}. {why}".strip()
            from alerting.store import acts

            acts.keep(connection, actor, ActKind.rule_promoted, found.code, now(), note=note)
        tell_now(app, store)
    finally:
        store.close()
    echo(f"{found.code} goes live with the next run: {file.name} names it under `promoted`. {row.judged_words}.")
