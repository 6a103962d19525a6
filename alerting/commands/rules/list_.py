"""`alerting rules list`: every rule, in use or not."""

from __future__ import annotations

import click

from alerting.cli import build_app, echo_json, echo_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List every rule, in use or not."""
    book = build_app(ctx).book
    rows = [
        {
            "code": rule.code,
            "id": rule.id,
            "title": rule.title,
            "pack": rule.pack,
            "job": rule.file.job,
            "subject": rule.subject.id,
            "status": "in use" if rule in book.rules else "off",
            "basis": rule.basis_kind,
            "owner": rule.file.owner,
            "version": rule.version,
        }
        for rule in (*book.rules, *book.off)
    ]
    rows += [
        {"code": item.code, "id": item.id, "job": item.job, "status": "broken", "problem": item.problem} for item in book.broken
    ]
    rows.sort(key=lambda row: str(row["code"]))
    if as_json:
        echo_json(rows)
        return
    names = ["code", "status", "job", "title", "basis", "owner"]
    echo_table([name.capitalize() for name in names], [[row.get(name, row.get("problem", "")) for name in names] for row in rows])
