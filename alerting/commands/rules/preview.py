"""`alerting rules preview`: a draft against the rule in use, on today's data."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.authoring.preview import Count, Messages, Preview
    from alerting.evaluation.evaluation import Asked
    from alerting.rulebook.rule import Rule

SHOWN = 20


@click.command()
@click.argument("rule")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set one of its parameters otherwise; may be repeated."
)
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--all", "everybody", is_flag=True, help="List every subject that changes, not the first 20.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value, with every subject.")
@click.pass_context
def command(
    ctx: click.Context, rule: str, settings: tuple[str, ...], as_of: datetime | None, *, everybody: bool, as_json: bool
) -> None:
    """Ask a rule, or a draft of one, of today's data: whom it alerts and who would be told. RULE is a code, an id or a file.

    A draft is compared with the rule in use that has its id or code, or that it replaces. Nothing is stored or sent. Ends with 1
    where something wants a second look.
    """
    from alerting.authoring.draft import find_in_use, load_draft, parse_params
    from alerting.authoring.preview import preview

    app = build_app(ctx)
    draft = load_draft(app.book, rule, parse_params(settings))
    found = preview(app, draft, find_in_use(app.book, draft), as_of.date() if as_of else today(app))
    if as_json:
        echo_json(_as_json(found))
    else:
        _print(found, everybody=everybody)
    sys.exit(1 if found.warnings else 0)


def _as_json(found: Preview) -> dict[str, Any]:
    def side(asked: Asked, rule: Rule) -> dict[str, Any]:
        named = {"code": rule.code, "id": rule.id, "file": rule.place, "version": rule.version}
        counts = {"population": asked.population, "match": asked.match, "clear": asked.clear, "unknown": asked.unknown}
        return named | {"status": asked.status, "problem": asked.problem} | counts

    before = side(found.before, found.in_use) if found.before and found.in_use else None
    return {
        "as_of": found.as_of,
        "in_use": before,
        "draft": side(found.after, found.draft),
        "changes": [asdict(change) for change in found.changes],
        "teams": [asdict(count) for count in found.teams],
        "people": [asdict(count) for count in found.people],
        "messages": [asdict(message) for message in found.today.messages],
        "pending": found.today.pending,
        "warnings": found.warnings,
    }


def _print(found: Preview, *, everybody: bool) -> None:
    _print_heading(found)
    echo()
    _print_counts(found)
    _print_who("Team", "By team", found.teams, bool(found.before))
    _print_who("Person", "Who would be told of them, were all of them new", found.people, bool(found.before))
    if found.before:
        _print_changes(found, everybody=everybody)
    _print_messages(found.today, found.draft.file.job)
    for warning in found.warnings:
        echo(f"\nLook twice: {warning}")
    echo("\nNothing was stored or sent.", err=True)


def _print_heading(found: Preview) -> None:
    from alerting.authoring.differences import compare_rules

    day = f"{found.as_of:%A} {found.as_of.day} {found.as_of:%B %Y}"
    echo(f"{found.draft.code} {found.draft.title}, asked of the data of {day}")
    if found.in_use is None:
        echo(f"A new rule: {found.draft.place}")
        return
    changed = compare_rules(found.in_use, found.draft)
    echo(f"In use: {found.in_use.place}")
    echo(f"Draft:  {found.draft.place}" + ("" if changed else ", which is the same"))
    for each in changed:
        echo(f"  {each.key}: {each.says}")


def _print_counts(found: Preview) -> None:
    levels = [
        name
        for name in reversed(list(found.after.match))
        if found.after.match[name] or (found.before and found.before.match[name])
    ]

    def column(asked: Asked) -> list[int]:
        return [asked.population, *(asked.match[name] for name in levels), asked.clear, asked.unknown]

    names = ["Asked about", *(name.capitalize() for name in levels), "Clear", "Unknown"]
    after = column(found.after)
    if found.before is None:
        echo_table(["", "Draft"], list(zip(names, after, strict=True)))
        return
    rows = [[name, old, new, _difference(old, new)] for name, old, new in zip(names, column(found.before), after, strict=True)]
    echo_table(["", "In use", "Draft", ""], rows)


def _difference(old: int, new: int) -> str:
    return f"{new - old:+d}" if new != old else ""


def _print_who(heading: str, title: str, counts: tuple[Count, ...], compared: bool) -> None:
    if not counts:
        return
    echo(f"\n{title}:")
    rows = [[count.name, count.before, count.after, _difference(count.before, count.after)] for count in counts]
    if compared:
        echo_table([heading, "In use", "Draft", ""], rows)
    else:
        echo_table([heading, "Draft"], [[name, after] for name, _, after, _ in rows])


def _print_changes(found: Preview, *, everybody: bool) -> None:
    if not found.changes:
        echo("\nIt says the same of everybody.")
        return
    counted = {kind: sum(change.kind == kind for change in found.changes) for kind in ("added", "removed", "level")}
    words = f"{counted['added']} added, {counted['removed']} removed, {counted['level']} at another level"
    echo(f"\nOf whom it says something else: {words}.")
    shown = found.changes if everybody else found.changes[:SHOWN]
    names = {"added": "added", "removed": "removed", "level": "level"}
    subject = found.draft.subject.title
    echo_table(
        ["", subject, "In use", "Draft", "Team"],
        [[names[change.kind], change.subject, change.before, change.after, change.team] for change in shown],
    )
    if len(shown) < len(found.changes):
        echo(f"and {len(found.changes) - len(shown)} more: --all lists them.")


def _print_messages(today: Messages, job: str) -> None:
    if today.pending:
        echo(f"\n{today.pending} match and wait: nobody is told until they have lasted.")
    if today.confined:
        echo(f"\n{today.confined} are about restricted children whom nobody may be told of.")
    known = "" if today.remembered else " (there is no store yet, so everything is new)"
    if not today.messages:
        echo(f"\nOf these alerts a {job} run would send no message now{known}.")
        return
    echo(f"\nMessages that a {job} run would send now, with this many items of this rule{known}:")
    states = [
        state
        for state in ("new", "back", "worse", "reminder", "improving", "open", "cleared", "held", "covered")
        if any(state in m.states for m in today.messages)
    ]
    echo_table(
        ["Receiver", "To", *(state.capitalize() for state in states)],
        [[message.receiver, message.name, *(message.states.get(state, "") for state in states)] for message in today.messages],
    )
