"""`alerting rules explain`: a rule in plain English, or why it says what it says of one subject."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerting.authoring.draft import find_or_load
from alerting.cli import DAY, build_app, today
from alerting.formatting import capital
from alerting.terminal import echo, echo_json

if TYPE_CHECKING:
    from alerting.authoring.explain.explanation import Explanation
    from alerting.authoring.explain.plain_english import Vocabulary
    from alerting.evaluation.trace import Part, Trace
    from alerting.model import Alert
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
    from alerting.formatting import day

    _print_title(found.rule)
    echo(f"{_kind(found.rule).capitalize()} {found.subject} on {day(found.as_of)}")
    if found.withheld:
        echo(f"\nA run would not use this answer today: {found.withheld}.")
    if found.trace is None:
        _print_absent(found)
    else:
        _print_trace(found, found.trace)
    echo("\nThe alert")
    _print_lines(_describe_alert(found.alert) if found.alert else [_no_alert(found)])


def _no_alert(found: Explanation) -> str:
    if found.alert_unknown:
        return f"Whether there is one, or was, is not known, as the store cannot be read: {found.alert_unknown}."
    return "There is none, and never was one in the store."


def _kind(rule: Rule) -> str:
    """Name what the rule's alerts are about: `care leaver`, or with `per` a team."""
    return rule.file.per or f"{rule.subject.title[:1].lower()}{rule.subject.title[1:]}"


def _print_absent(found: Explanation) -> None:
    from alerting.authoring.explain.rule_in_words import describe_subject

    kind = _kind(found.rule)
    echo("\nThe answer")
    if found.left:
        _print_lines([f"Not asked: it has left ({found.left}). An alert about it would close for that reason."])
        return
    _print_lines(
        [f"Not in the data: there is no {kind} {found.subject} today, and nothing shows why. An open alert would go on hold."]
    )
    if not found.rule.file.per:
        sealed = ["A record that is sealed takes part in no rule."] if found.rule.subject.about == "child" else []
        _print_lines([describe_subject(found.rule), *sealed])


def _print_trace(found: Explanation, trace: Trace) -> None:
    echo("\nThe answer")
    _print_lines(_answer(found, trace))
    echo("\nThe facts")
    _print_lines(_facts(found.rule, trace))
    decisive = trace.decisive()
    if trace.where and trace.where.term.text != "true":
        echo("\nIs it asked about?" + (_LEGEND if trace.where in decisive else ""))
        _tree(trace.where, marked=trace.where in decisive)
    for level, part in trace.levels.items():
        echo(f"\nIs it {level.name}?" + (_LEGEND if part in decisive else ""))
        _tree(part, marked=part in decisive)
    if trace.also:
        echo("\nWho joins in?")
        for role, part in trace.also.items():
            _tree(part, f"{role.replace('_', ' ')}: ", marked=False)
    if found.rule.file.per:
        return
    echo("\nWhat would change the answer, one thing at a time")
    _print_lines(_changes(found))


def _answer(found: Explanation, trace: Trace) -> Iterator[str]:
    from alerting.authoring.explain.plain_english import Vocabulary, label, with_unit
    from alerting.formatting import day, listed, until

    words, decided = Vocabulary(found.rule), trace.deciding()
    measured = f", measured {with_unit(trace.measure, found.rule.unit)}" if trace.measure is not None else ""
    missing = list(dict.fromkeys(name for part in decided for name in part.missing))
    because = [_clause(words, part) for part in decided if part.value is not None]
    if trace.outcome == "match" and trace.level:
        yield f"{trace.level.name.upper()}{measured}: {listed(because) or 'the measure is missing'}."
    elif trace.outcome == "clear":
        yield f"CLEAR{measured}: {listed(because)}."
    elif trace.outcome == "not asked":
        yield f"NOT ASKED: {listed(because) or 'nothing can be measured of it'}."
    elif missing:
        yield f"UNKNOWN{measured}: it cannot be told while {listed([label(name) for name in missing])} {'is' if len(missing) == 1 else 'are'} not recorded."
    else:
        yield f"UNKNOWN{measured}: {_too_few(found.rule, trace)}."
    if trace.due:
        yield f"Due {day(trace.due)} ({until(trace.due, found.as_of)})."


def _clause(words: Vocabulary, part: Part) -> str:
    """Return a part that decided as a clause, with what its steps and sums come to."""
    from alerting.authoring.explain.plain_english import in_words
    from alerting.formatting import listed

    clause = words.sentence(part.term) if part.value is True else words.denied(part.term)
    values = dict(part.values)
    worked_out = [each for each in part.term.parts if each.kind == "sum" or each.word in words.rule.let]
    known = [f"{words.phrase(each)} is {in_words(values[each.text])}" for each in worked_out if each.text in values]
    return f"{clause} ({listed(known)})" if known else clause


def _too_few(rule: Rule, trace: Trace) -> str:
    if trace.rows is not None and trace.rows < rule.file.at_least:
        return f"there are {trace.rows}, and fewer than {rule.file.at_least} are too few to tell"
    return "something that decides is missing"


def _facts(rule: Rule, trace: Trace) -> Iterator[str]:
    from alerting.authoring.explain.plain_english import in_words, with_unit

    rows = [(name, in_words(value), rule.subject.columns[name].says.rstrip(".")) for name, value in trace.facts.items()]
    rows += [(name, in_words(value), f"= {' '.join(rule.file.let[name].split())}") for name, value in trace.steps.items()]
    if trace.rows is not None:
        rows.append(("rows", in_words(trace.rows), f"How many {rule.subject.title.lower()} rows are counted"))
    if rule.measure:
        measured = with_unit(trace.measure, rule.unit) if trace.measure is not None else in_words(None)
        rows.append(("measure", measured, f"= {' '.join((rule.file.measure or '').split())}"))
    first, second = (max((len(row[place]) for row in rows), default=0) for place in (0, 1))
    room = max(40, min(shutil.get_terminal_size((120, 24)).columns, 120) - first - second - 6)
    for name, value, says in rows:
        yield f"{name:<{first}}  {value:<{second}}  {textwrap.shorten(says, room, placeholder=' ...')}"


def _tree(part: Part, says: str = "", depth: int = 0, *, marked: bool) -> None:
    kind, inner = part.term.kind, part.parts
    text = part.term.text
    if inner:
        text = {"and": "all of:", "or": "any of:", "not": "not:", "case": "by case:"}.get(kind, "the first that can be told of:")
    mark = ">" if marked and part.decides and not any(each.decides for each in inner) else " "
    _print_lines([f"{mark} {'  ' * depth}{_truth(part):<6} {says}{text}{_found(part)}"])
    for place, each in enumerate(inner):
        when = ("when ", "then ")[place % 2] if place < len(inner) - len(inner) % 2 else "otherwise "
        _tree(each, when if kind == "case" else "", depth + 1, marked=marked)


def _truth(part: Part) -> str:
    return {True: "true", False: "false", None: "null"}.get(part.value, "?")


def _found(part: Part) -> str:
    from alerting.authoring.explain.plain_english import in_words
    from alerting.formatting import listed

    if part.missing:
        return f"  (missing: {listed(part.missing)})"
    shown = [f"{text} = {in_words(value)}" for text, value in dict(part.values).items() if text != part.term.text]
    return f"  ({', '.join(shown)})" if shown else ""


def _changes(found: Explanation) -> Iterator[str]:
    if not found.changes:
        yield "No one thing that can be recorded changes it."
        return
    shown = found.changes[:SHOWN]
    width, names = max(len(change.gives) for change in shown), max(len(change.column) for change in shown)
    for change in shown:
        yield f"{change.gives:<{width}}  if {change.column:<{names}}  {change.when}"
    if len(found.changes) > SHOWN:
        yield f"and {len(found.changes) - SHOWN} more; --json has them all"


def _describe_alert(alert: Alert) -> Iterator[str]:
    from alerting.alerts import handling
    from alerting.formatting import day

    if alert.resolved_on:
        yield f"{alert.ref} was resolved on {day(alert.resolved_on)}: {alert.why_resolved or 'no reason is kept'}."
        return
    yield f"{alert.ref}: {alert.level.name} since {day(alert.level_since)}, first seen {day(alert.first_seen)}, {alert.condition.value}."
    if alert.held_reason:
        since = f" since {day(alert.held_since)}" if alert.held_since else ""
        yield f"On hold{since}: {alert.why_held}."
    for act in alert.acts:
        if act.kind in handling.KINDS:
            words = handling.said(act)
            yield f"{capital(words)}."


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
