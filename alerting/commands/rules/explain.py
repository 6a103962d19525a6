"""`alerting rules explain`: a rule in plain English, or why it says what it says of one subject."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerting.authoring.draft import find_or_load
from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_json

if TYPE_CHECKING:
    from alerting.authoring.explain.answer_in_words import Fact, Telling, ToldPart
    from alerting.authoring.explain.explanation import Explanation
    from alerting.authoring.explain.what_if import Change
    from alerting.evaluation.trace import Part, Trace
    from alerting.rulebook.book import Rulebook
    from alerting.rulebook.rule import Rule

_LEGEND = "  (> decided)"

SHOWN = 6
"""The most changes that are listed; --json has them all."""


@click.command()
@click.argument("rule")
@click.argument("subject", required=False)
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--sql", "only_sql", is_flag=True, help="Print the SQL that the engine is asked, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, rule: str, subject: str | None, as_of: datetime | None, *, only_sql: bool, as_json: bool) -> None:
    """Show what a rule asks, in plain English; with SUBJECT, what it says of that subject today, and why.

    RULE is a code, an id or the path of a file. SUBJECT is what alerts call their subject, such as a case number, or an alert's
    reference. Reads the case data and stores nothing. Ends with 1 where SUBJECT is not in the data.
    """
    app = build_app(ctx)
    found = find_or_load(app.book, rule)
    if subject is None or only_sql:
        _print_rule(found, app.book, only_sql=only_sql, as_json=as_json)
        return
    from alerting.authoring.explain.explanation import explain

    explanation = explain(app, found, subject, as_of.date() if as_of else today(app))
    if as_json:
        echo_json(_as_json(explanation))
    else:
        _print(explanation)
    sys.exit(1 if explanation.trace is None and explanation.left is None else 0)


# ---------------------------------------------------------------- the rule


def _print_rule(rule: Rule, book: Rulebook, *, only_sql: bool, as_json: bool) -> None:
    from alerting.authoring.explain import rule_in_words

    if only_sql:
        views = {name: book.views[name] for name in book.views_for([rule.subject.sql])}
        statements = rule_in_words.write_sql(rule, views)
        if as_json:
            echo_json(statements)
        else:
            echo(";\n\n".join(statements) + ";")
        return
    if as_json:
        echo_json(rule_in_words.rule_to_json(rule, book))
        return
    _print_title(rule)
    for section in rule_in_words.describe_rule(rule, book):
        echo(f"\n{section.heading}")
        _print_lines(section.lines)
    echo(
        f"\n`alerting rules explain {rule.code} SUBJECT` says why it says what it says of one {rule.subject_kind.replace('_', ' ')};",
        err=True,
    )
    echo("--sql shows what the engine is asked.", err=True)


def _print_title(rule: Rule) -> None:
    echo(f"{rule.code}  {rule.title}", bold=True)


def _print_lines(lines: Iterable[str], indent: str = "  ") -> None:
    """Print lines in the width of the terminal; what is broken goes on two steps further in."""
    width = max(60, min(shutil.get_terminal_size((120, 24)).columns, 120))
    for line in lines:
        own = line[: len(line) - len(line.lstrip("> "))]
        wrapped = textwrap.wrap(
            line[len(own) :], width, initial_indent=indent + own, subsequent_indent=indent + " " * len(own) + "    "
        )
        # What stands in columns keeps its spaces.
        echo(indent + line if "  " in line.strip() and len(indent + line) <= width else "\n".join(wrapped))


# ---------------------------------------------------------------- one subject


def _print(found: Explanation) -> None:
    from alerting.authoring.explain.answer_in_words import Telling, describe_alert, kind_of
    from alerting.formatting import day

    telling = Telling(found=found)
    _print_title(found.rule)
    echo(f"{kind_of(found.rule).capitalize()} {found.subject} on {day(found.as_of)}")
    if found.withheld:
        echo(f"\nA run would not use this answer today: {found.withheld}.")
    echo("\nThe answer")
    _print_lines(telling.answer())
    if found.trace is not None:
        _print_trace(telling, found.trace)
    echo("\nThe alert")
    _print_lines(describe_alert(found.alert) if found.alert else [_no_alert(found)])


def _no_alert(found: Explanation) -> str:
    if found.alert_unknown:
        return f"Whether there is one, or was, is not known, as the store cannot be read: {found.alert_unknown}."
    return "There is none, and never was one in the store."


def _print_trace(telling: Telling, trace: Trace) -> None:
    echo("\nThe facts")
    _print_lines(_facts(telling.facts()))
    for condition in telling.conditions():
        echo(f"\n{condition.asks}" + (_LEGEND if condition.decided else ""))
        if condition.part:
            _tree(condition.part)
    if trace.also:
        echo("\nWho joins in?")
        for role, part in trace.also.items():
            _tree(telling.part(part, marked=False), f"{role.replace('_', ' ')}: ")
    if telling.found.rule.file.per:
        return
    echo("\nWhat would change the answer, one thing at a time")
    _print_lines(_changes(telling.changes()))


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    first, second = max((len(one.name) for one in facts), default=0), max((len(one.value) for one in facts), default=0)
    room = max(40, min(shutil.get_terminal_size((120, 24)).columns, 120) - first - second - 6)
    for one in facts:
        yield f"{one.name:<{first}}  {one.value:<{second}}  {textwrap.shorten(one.says, room, placeholder=' ...')}"


def _tree(part: ToldPart, says: str = "", depth: int = 0) -> None:
    truth = {True: "true", False: "false", None: "null"}.get(part.value, "?")
    _print_lines([f"{'>' if part.decided else ' '} {'  ' * depth}{truth:<6} {says}{part.when}{part.says}"])
    for each in part.parts:
        _tree(each, depth=depth + 1)


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        yield "No one thing that can be recorded changes it."
        return
    shown = changes[:SHOWN]
    width, names = max(len(change.gives) for change in shown), max(len(change.column) for change in shown)
    for change in shown:
        yield f"{change.gives:<{width}}  if {change.column:<{names}}  {change.when}"
    if len(changes) > SHOWN:
        yield f"and {len(changes) - SHOWN} more; --json has them all"


# ---------------------------------------------------------------- as JSON


def _as_json(found: Explanation) -> dict[str, Any]:
    from alerting.commands.alerts import as_row

    trace = found.trace
    return {
        "code": found.rule.code,
        "id": found.rule.id,
        "version": found.rule.version,
        "as_of": found.as_of,
        "subject": found.subject,
        "gives": found.gives,
        "left": found.left,
        "measure": trace.measure if trace else None,
        "unit": found.rule.unit,
        "due": trace.due if trace else None,
        "facts": dict(trace.facts) if trace else {},
        "steps": dict(trace.steps) if trace else {},
        "where": _part(trace.where) if trace and trace.where else None,
        "levels": {level.name: _part(part) for level, part in trace.levels.items()} if trace else {},
        "also": {role: _part(part) for role, part in trace.also.items()} if trace else {},
        "changes": [{"column": each.column, "gives": each.gives, "when": each.when} for each in found.changes],
        "withheld": found.withheld,
        "alert": as_row(found.alert) if found.alert else None,
        "alert_unknown": found.alert_unknown,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "text": part.term.text,
        "value": part.value,
        "missing": list(part.missing),
        "decides": part.decides,
        "values": dict(part.values),
        "parts": [_part(inner) for inner in part.parts],
    }
