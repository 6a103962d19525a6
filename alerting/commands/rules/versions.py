"""`alerting rules versions`: what was asked, from when on, and by whom it was changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from alerting.authoring.draft import find_rule
from alerting.cli import build_app
from alerting.terminal import echo, echo_json, echo_table


@click.command()
@click.argument("rule", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, rule: str | None, *, as_json: bool) -> None:
    """List the versions that runs have seen of every rule, or of one, the newest first.

    A version is everything about a rule; its logic is what decides its answers, and stays the same when only words change.
    """
    from alerting.store.rule_versions import RuleHistory

    app = build_app(ctx)
    codes = app.book.codes
    store = app.store()
    try:
        rows = RuleHistory(store).versions(codes.get(rule.upper(), rule.lower()) if rule else None)
    finally:
        store.close()
    if rule and not rows:
        find_rule(app.book, rule)
    if as_json:
        echo_json([{name: _plain(value) for name, value in asdict(row).items()} for row in rows])
        return
    echo_table(
        ["Rule", "Version", "Logic", "First seen", "Changed by", "Last asked", "Parameters"],
        [
            [
                row.code,
                row.version,
                row.logic,
                row.first_seen_on,
                row.by or "",
                row.last_asked_on or "",
                ", ".join(f"{name} {value}" for name, value in row.params.items()),
            ]
            for row in rows
        ],
    )
    if not rows:
        echo("No run has seen it yet." if rule else "No run has seen a rule yet.", err=True)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
