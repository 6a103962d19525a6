"""A whole rule in plain English, part by part, as its owner would want it read aloud; and its SQL, laid out to be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alerting.authoring.explain.plain_english import Vocabulary, fill_params, in_words, label, with_unit
from alerting.casedata.conversion import quoted
from alerting.evaluation.query import rule_query
from alerting.expressions.tree import Term
from alerting.formatting import capital, day, listed, plural
from alerting.model import About, Level
from alerting.notifications.roles import role_words
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import RuleSetting
from alerting.rulebook.rule import Rule

JOBS = {"daily": "every working day", "weekly": "every week", "monthly": "every month"}
BASES = {"statutory": "Statutory", "guidance": "Statutory guidance", "local": "Local standard"}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of what is said of a rule. A line that begins with two spaces belongs to the line above it."""

    heading: str
    lines: tuple[str, ...]


def describe_rule(rule: Rule, book: Rulebook) -> list[Section]:
    """Return all that a rule says, part by part, in the order in which a reader needs it; parts it does not have are left out."""
    words = Vocabulary(rule)
    parts: list[tuple[str, Iterator[str]]] = [
        ("In short", _in_short(rule, book)),
        ("Why", _basis(rule)),
        ("Who it asks about", _population(rule, words)),
        ("What it measures", _measured(rule, words)),
        ("The steps on the way", _steps(rule, words)),
        ("When it alerts", _levels(rule, words)),
        ("What clears it", iter([fill_params(rule.clears, rule.params)])),
        ("By when", _due(rule, words)),
        ("Who is told", _told(rule, words, book)),
        ("What may be changed in config.yaml", _parameters(rule, book)),
        ("What the words mean", _columns(rule)),
        ("Where it comes from", _origin(rule, book)),
    ]
    found = [Section(heading=heading, lines=tuple(lines)) for heading, lines in parts]
    return [section for section in found if section.lines]


def describe_subject(rule: Rule) -> str:
    """Return who or what a rule's subject is, and who is left out."""
    one = _lower(rule.subject.title)
    return f"What {'an' if one[:1] in 'aeio' else 'a'} {one} is here: {_lower(rule.subject.says)}"


def find_used_columns(rule: Rule) -> list[str]:
    """Return the subject's columns that decide what a rule answers, when it is due and who is told, in the subject's order."""
    parts = [rule.where, rule.requires_of, *rule.let.values(), rule.measure, *rule.levels.values(), rule.due, *rule.also.values()]
    names = {name for part in parts if part for name in part.names}
    return [name for name in rule.subject.columns if name in names]


def fill_in_words(rule: Rule, book: Rulebook) -> dict[str, str]:
    """Return what a rule's file says of it in words for people who do not know the data, by what each is about; {} where it says nothing."""
    params = {**book.settings.params, **rule.params}
    return {key: fill_params(text, params) for key, text in rule.file.in_words.items()}


def _in_short(rule: Rule, book: Rulebook) -> Iterator[str]:
    said = fill_in_words(rule, book)
    if "asks" in said:
        yield said["asks"]
    for level in rule.levels:
        if level.name in said:
            yield f"{level.name.capitalize()}: {said[level.name]}."


def _basis(rule: Rule) -> Iterator[str]:
    yield f"{rule.basis_text.rstrip('.')}."
    yield f"{BASES[rule.basis_kind]}: {rule.basis_source or 'no source is given'}."


def _population(rule: Rule, words: Vocabulary) -> Iterator[str]:
    per, one = rule.file.per, _lower(rule.subject.title)
    everyone = rule.where.term.text == "true"
    if per:
        yield f"It asks {JOBS[rule.file.job]} about each {per}, and counts over every {one}{':' if not everyone else '.'}"
    else:
        yield f"It asks {JOBS[rule.file.job]} about every {one}{':' if not everyone else '.'}"
    if not everyone:
        yield from _conditions(rule.where.term, words)
    yield describe_subject(rule)
    if not everyone and not _is_never_missing(rule.where.term):
        yield "Where that cannot be told because something is not recorded, " + (
            "they are not counted." if per else "the answer is unknown."
        )
    if per and rule.file.at_least:
        yield f"A {per} with fewer than {rule.file.at_least} of them is unknown: too few to tell."


def _conditions(term: Term, words: Vocabulary) -> Iterator[str]:
    """Return the lines of a condition: a chain of `and` or `or` is a list."""
    if term.kind not in ("and", "or"):
        yield f"  {words.sentence(term)}"
        return
    for place, part in enumerate(term.parts):
        said = words.sentence(part)
        yield f"  {term.word + ' ' if place else ''}{f'({said})' if part.kind in ('and', 'or') else said}"


def _measured(rule: Rule, words: Vocabulary) -> Iterator[str]:
    if rule.measure:
        said = words.phrase(rule.measure.term)
        in_unit = f", in {rule.unit}" if rule.unit and rule.unit not in said and "percentage" not in said else ""
        yield f"{capital(said)}{in_unit}."


def _steps(rule: Rule, words: Vocabulary) -> Iterator[str]:
    for name, step in rule.let.items():
        if step.term.kind != "case":
            said = words.sentence(step.term) if step.type == "boolean" else words.phrase(step.term)
            yield f"'{label(name)}' is {'whether ' if step.type == 'boolean' else ''}{said}"
            continue
        yield f"'{label(name)}' is the first of these that holds:"
        for value, when in words.branches(step.term):
            yield f"  {value}, if {when}" if when else f"  otherwise {value}"


def _levels(rule: Rule, words: Vocabulary) -> Iterator[str]:
    for level, compiled in rule.levels.items():
        term = compiled.term
        if term.kind in ("and", "or") and len(term.parts) > 1:
            yield f"{level.name.capitalize()} when:"
            yield from _conditions(term, words)
        else:
            yield f"{level.name.capitalize()} when {words.sentence(term)}."
    if len(rule.levels) > 1:
        yield "Where more than one holds, the most serious is given."
    if rule.file.when_null:
        yield f"Where the measure is missing, it is {rule.file.when_null}."
    if not all(_is_never_missing(compiled.term) for compiled in rule.levels.values()):
        yield "Where a value that decides is missing, the answer is unknown: nothing is opened, and an open alert goes on hold."
    for name, share in rule.file.requires.items():
        least = f"{100 * share:g} %" if share is not None else "the usual share (min_fill)"
        some = "" if rule.file.requires_of == "true" else f" for whom {words.sentence(rule.requires_of.term)}"
        yield f"On a day when fewer than {least} of them{some} have {label(name)} recorded, the rule is off."


def _is_never_missing(term: Term) -> bool:
    """Return whether a condition is always true or false, as far as its form shows."""
    if term.kind in ("and", "or", "not"):
        return all(_is_never_missing(part) for part in term.parts)
    if term.kind == "call":
        return term.word in ("one_of", "has", "only") or (term.word == "coalesce" and _is_never_missing(term.parts[-1]))
    return term.kind == "is" or (term.kind == "value" and term.text != "null")


def _due(rule: Rule, words: Vocabulary) -> Iterator[str]:
    if rule.due is None:
        yield "It has no due date."
        return
    term = rule.due.term
    first = term.parts[0] if term.word == "coalesce" else term
    # "On visit due", but "10 working days after plan start".
    yield f"It is due {'' if first.word.startswith('add_') or first.kind == 'sum' else 'on '}{words.phrase(term)}."


def _told(rule: Rule, words: Vocabulary, book: Rulebook) -> Iterator[str]:
    file = rule.file
    for level in sorted(rule.levels.keys() | ({Level[file.when_null]} if file.when_null else set()), reverse=True):
        yield f"{level.name.capitalize()}: {listed([role_words(role, rule.about) for name, roles in file.notify.items() if name == level.name for role in roles])}."
    for role, compiled in rule.also.items():
        yield f"Also the {role_words(role, rule.about)} when {words.sentence(compiled.term)}."
    for step in file.escalate:
        yield f"Also the {role_words(step.to, rule.about)} when it has been open for {plural(step.after, 'working day')} and nobody has it in hand."
    if file.pending_for > 1:
        yield f"Nobody is told until it has matched {plural(file.pending_for, 'run')} running."
    if file.keep_firing_for:
        yield f"It is resolved when it has been clear for {plural(file.keep_firing_for + 1, 'run')} running."
    yield f"While nothing changes it is told again every {with_unit(file.remind_every, 'working days') if file.remind_every > 1 else 'working day'}."
    if rule.shadow:
        yield "It is in shadow: the performance team alone is told, and judges each alert, until it is promoted."
    if file.between:
        yield f"It is also asked every {file.between}, where a table that it reads has been loaded since."
    if rule.subject.team is None and not file.per:
        yield "They are those of all teams with its service."
    if rule.about is About.worker:
        yield "Nobody is told of an alert about themselves: the next up is."
    if file.nobody_else:
        yield "It goes to nobody beside them, whoever covers for them, and the next up of the team: it is in no summary and cannot be assigned."
    titles = {each.id: f"{each.code} {each.title}" for each in book.every}
    if file.not_beside:
        named = listed([titles.get(id_, id_) for id_ in file.not_beside])
        yield f"It is not told beside an alert about the same subject, at the same or a higher level, of: {named}."
    if file.inhibited_by:
        yield f"It is not told beside an alert about the same subject of: {listed([titles.get(id_, id_) for id_ in file.inhibited_by])}."
    if file.brake:
        yield f"When one run opens more than {file.brake} new ones, nobody is told until an administrator releases them."
    if file.max_share is not None and file.max_share < 1:
        yield f"When more than {file.max_share:.0%} of its population match at amber or above, nobody is told until somebody has looked at the data."
    if not rule.in_channel:
        yield "It is not counted in a team's channel."


def _parameters(rule: Rule, book: Rulebook) -> Iterator[str]:
    setting = find_setting(rule, book)
    width = max((len(name) for name in rule.params), default=0)
    for name, value in rule.params.items():
        note = ""
        if name in setting.tables:
            note = "  (rows set by the council)"
        elif name in setting.params:
            note = (
                f"  (set by the council; the rule file says {_write_param(rule.file.params[name])})"
                if name in rule.file.params
                else "  (set by the council)"
            )
        elif name.partition(".")[0] in rule.file.uses:
            note = f"  (of {rule.file.uses[name.partition('.')[0]]})"
        elif name not in rule.file.params and name not in rule.file.tables:
            note = "  (shared by all rules" + ("; set by the council)" if name in book.overrides.params else ")")
        yield f"{name:<{width}}  {_write_param(value)}{note}"


def find_setting(rule: Rule, book: Rulebook) -> RuleSetting:
    """Return what config.yaml says of a rule."""
    settings = book.overrides.settings
    return settings.get(rule.code) or settings.get(rule.id) or RuleSetting()


def _write_param(value: Any) -> str:
    return (
        "not set" if value is None else ", ".join(map(in_words, value)) if isinstance(value, (list, tuple)) else in_words(value)
    )


def _columns(rule: Rule) -> Iterator[str]:
    names = find_used_columns(rule)
    width = max((len(label(name)) for name in names), default=0)
    for name in names:
        yield f"{label(name):<{width}}  {rule.subject.columns[name].says.rstrip('.')}"


def _origin(rule: Rule, book: Rulebook) -> Iterator[str]:
    setting = find_setting(rule, book)
    yield f"File      {rule.place}"
    yield f"Version   {rule.version}, pack {rule.pack}"
    why_off = "its file says `enabled: false`" if setting.enabled is None else setting.reason or "no reason is given"
    state = "in use" if rule in book.rules else f"off: {why_off}" if rule in book.off else "no: this is a draft"
    yield f"In use    {state}"
    yield f"Owner     {rule.file.owner}"
    yield f"Review by {day(rule.file.review_by) if rule.file.review_by else 'no date'}"
    yield f"Reads     {', '.join(rule.file.reads or sorted(rule.tables)) or 'no table of its own'}"


def rule_to_json(rule: Rule, book: Rulebook) -> dict[str, Any]:
    """Return the rule in words as `rules explain --json` prints it."""
    return {
        "code": rule.code,
        "id": rule.id,
        "title": rule.title,
        "version": rule.version,
        "sections": [
            {"heading": section.heading, "lines": [line.strip() for line in section.lines]}
            for section in describe_rule(rule, book)
        ],
        "params": dict(rule.params),
        "sql": lay_out_sql(rule_query(rule)),
    }


def write_sql(rule: Rule, views: Mapping[str, str]) -> list[str]:
    """Return the SQL that the engine is asked, in order: the shared views, the subject, the question. Only its space is changed."""
    subject = quoted(f"subject_{rule.subject.id}")
    made = [f"CREATE TABLE {quoted(name)} AS\n{sql}" for name, sql in views.items()]
    return [*made, f"CREATE TABLE {subject} AS\n{rule.subject.sql.strip().rstrip(';')}", lay_out_sql(rule_query(rule))]


def lay_out_sql(sql: str) -> str:
    """Lay a query out over lines, each SELECT in brackets one step deeper; nothing but its space is changed."""
    lines, opened, depth = [""], [True], 0
    for piece in _PIECE.findall(sql):
        said = piece if piece[:1] in ("'", '"') else re.sub(r"\s+", " ", piece)
        if said == "(":
            opened.append(False)
        elif said[:1] == "(":
            opened.append(True)
            depth += 1
            lines[-1] += "("
            lines.append("  " * depth)
            said = "SELECT "
        elif said == ")" and len(opened) > 1 and opened.pop():
            depth -= 1
            lines.append("  " * depth)
        elif opened[-1] and said.strip() in _CLAUSES:
            lines.append("  " * depth)
        lines[-1] += said.lstrip() if not lines[-1].strip() else said
        if said == "," and opened[-1]:
            lines.append("  " * depth + "    ")
    return "\n".join(line.rstrip() for line in lines if line.strip())


_CLAUSES = frozenset({"FROM", "WHERE", "LEFT JOIN", "GROUP BY", "UNION"})
_PIECE = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|\(\s?SELECT |IS DISTINCT FROM|\b(?:FROM|WHERE|LEFT JOIN|GROUP BY|UNION)\b|[(),]|\s+|[^'\"(),\s]+"
)


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]
