"""A new rule: its answers written out as a commented file, with examples that the engine has worked out and proved."""

from __future__ import annotations

import itertools
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from alerting.authoring.examples import Trials, tried_with
from alerting.authoring.rule_templates import AS_OF, Answers, Parts, Row, Shape, Trial
from alerting.errors import AlertingError, Faults
from alerting.rulebook.file_models import Example, LevelName, Role, Subject
from alerting.rulebook.loader import Rulebook, compile_rule
from alerting.rulebook.rule import Rule


@dataclass(frozen=True, kw_only=True)
class NewRule:
    """Everything that is wanted of a new rule. clears: in other words than the shape's, where it is given."""

    shape: Shape
    answers: Answers
    id: str
    code: str
    title: str
    owner: str
    basis_kind: str
    basis_text: str
    basis_source: str
    notify: Mapping[LevelName, Sequence[Role]]
    review_by: date
    job: str = "daily"
    clears: str = ""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the engine said of one trial. gives: as an example has it."""

    trial: Trial
    gives: str
    measure: float | None
    due: date | None
    note: str = ""


def compose(book: Rulebook, new: NewRule) -> tuple[str, list[str]]:
    """Return the text of a new rule's file, and what its examples prove, a line each.

    Raises Faults where the answers make no rule that can be used, AlertingError where no row shows one of its levels.
    """
    parts = new.shape.make(new.answers)
    with tempfile.TemporaryDirectory() as folder, Trials(book) as trials:
        path = Path(folder) / f"{new.id}.yaml"
        path.write_text(_text(book, new, parts, []), "utf-8")
        rule = _compiled(book, path)
        shown = _worth_showing(parts, _asked(trials, rule, [*parts.ladder, *parts.beside]), [level.name for level in rule.levels])
        examples = [_example(parts, given) for given in shown]
        text = _text(book, new, parts, examples)
        path.write_text(text, "utf-8")
        failing = [f"{one.example.says}: {one.wrong}" for one in tried_with(trials, _compiled(book, path)) if one.wrong]
    if failing:
        raise AlertingError("\n".join(failing), remedy="This is a fault of `alerting rules new`; please report it.")
    return text, [_told(parts, given) for given in shown]


def suggested_id(title: str) -> str:
    """Make an id of a title: its words in small letters, with dashes between them."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower().replace("'", "")))[:60].strip("-")


def next_code(book: Rulebook, pack: str) -> str:
    """Return the next free code in a pack: the letters that most of its rules have, LOC where there are none, and a number."""
    rules = (*book.rules, *book.off)
    taken = {rule.code for rule in rules} | {broken.code for broken in book.broken}
    letters = Counter(rule.code.partition("-")[0] for rule in rules if rule.pack == pack)
    prefix = letters.most_common(1)[0][0] if letters else "LOC"
    highest = max((int(code.partition("-")[2]) for code in taken if re.fullmatch(rf"{prefix}-[0-9]+", code)), default=0)
    return f"{prefix}-{highest + 1:02}"


def tables_of(book: Rulebook, subject: Subject) -> list[str]:
    """Return the tables that a subject is made of, its views' too."""
    from alerting.casedata.catalogue import ALWAYS, TABLES
    from alerting.rulebook.rule import WORD

    sql = [subject.sql, *(book.views[name] for name in book.views_for([subject.sql]))]
    words = {word for text in sql for word in WORD.findall(text)}
    return [name for name in TABLES if name in words and name not in ALWAYS]


def _compiled(book: Rulebook, path: Path) -> Rule:
    compiled = compile_rule(book, path, {})
    # The file is not in its place yet, so the place of a fault would lead nowhere.
    if isinstance(compiled, list):
        raise Faults([replace(fault, where=None) for fault in compiled])
    return compiled


def _asked(asked: Trials, rule: Rule, trials: Sequence[Trial]) -> list[Given]:
    """Ask the rule about every trial. Raises AlertingError where one cannot be asked."""
    examples = [
        Example(says=trial.says, as_of=AS_OF, gives="none", **({"rows": trial.rows} if rule.file.per else {"row": trial.rows[0]}))
        for trial in trials
    ]
    answers = asked.answers(rule, examples)
    unasked = [answer for answer in answers if isinstance(answer, str)]
    if unasked:
        raise AlertingError(f"the rule cannot be tried: {unasked[0]}")
    return [
        Given(trial=trial, gives=answer.gives, measure=answer.measure, due=answer.due)
        for trial, answer in zip(trials, answers, strict=True)
        if not isinstance(answer, str)
    ]


def _worth_showing(parts: Parts, given: Sequence[Given], levels: Sequence[str]) -> list[Given]:
    """Choose the rows on both sides of each change, and those beside the ladder. levels: from the most serious down.

    Raises AlertingError where none of the rows shows a level, or none is clear.
    """
    ladder, beside = given[: len(parts.ladder)], given[len(parts.ladder) :]
    shown: list[Given] = []
    for before, after in itertools.pairwise(ladder):
        if before.gives == after.gives or levels[0] in {each.gives for each in shown}:
            continue
        still = replace(before, note="still clear" if before.gives == "none" else f"still {before.gives}")
        shown += [
            *([still] if not shown or shown[-1].trial != before.trial else []),
            replace(after, note=f"{after.gives} begins"),
        ]
    for wanted in ("none", *reversed(levels)):
        if wanted not in {each.gives for each in shown}:
            raise AlertingError(
                f"no row shows {'that the rule is clear' if wanted == 'none' else f'the level {wanted}'}",
                remedy="Give limits that lie further apart.",
            )
    return [*shown, *beside]


def _told(parts: Parts, given: Given) -> str:
    """Return what one row proves."""
    what = given.trial.says or (parts.told(given.measure) if given.measure is not None else "")
    return (
        f"{what}: {given.note}"
        if given.note and not given.trial.says
        else f"{what}: {'clear' if given.gives == 'none' else given.gives}"
    )


def _example(parts: Parts, given: Given) -> str:
    """Write one example."""
    said = given.trial.says or _told(parts, given)
    one, *more = [_row(row) for row in given.trial.rows]
    rows = f"rows: [{', '.join((one, *more))}]" if parts.per else f"row: {one}"
    lines = [f"  - says: {as_yaml(said)}", f"    as_of: {AS_OF}", f"    {rows}", f"    gives: {given.gives}"]
    if given.measure is not None:
        lines.append(f"    measure: {as_yaml(given.measure)}")
    if given.due is not None:
        lines.append(f"    due: {given.due}")
    return "\n".join(lines)


def _row(row: Row) -> str:
    return "{" + ", ".join(f"{name}: {as_yaml(cell)}" for name, cell in row.items()) + "}"


def _text(book: Rulebook, new: NewRule, parts: Parts, examples: Iterable[str]) -> str:
    """Write the whole file, with a comment wherever somebody may want to go on."""
    basis = {"kind": new.basis_kind, "text": new.basis_text, **({"source": new.basis_source} if new.basis_source else {})}
    lines = [
        "# yaml-language-server: $schema=../rule.schema.json",
        f"# Begun with `alerting rules new`: {new.shape.says}.",
        f"# After a change: `alerting rules test {new.code}`, then `alerting check`.",
        f"id: {new.id}",
        f"code: {new.code}",
        f"title: {as_yaml(new.title)}",
        "# The sentence its reader sees. `{{ measure }}`, `{{ a_column | day }}` and `{{ params.a_number }}` are filled in.",
        f"says: {json.dumps(parts.says, ensure_ascii=False)}",
        "# What the record needs to show for the alert to clear.",
        f"clears: {as_yaml(new.clears or parts.clears)}",
        f"owner: {as_yaml(new.owner)}",
        f"basis: {_row(basis)}",
        f"review_by: {new.review_by} # when its owner looks at it again",
        f"job: {new.job}",
        "# All tables that its subject is made of: while one is not trusted, the rule waits. Take out those it does not need.",
        f"reads: [{', '.join(tables_of(book, new.answers.subject))}]",
    ]
    if parts.params:
        lines += [
            "# The numbers that people may argue about. Another council sets its own in config.yaml.",
            "params:",
            *(f"  {name}: {as_yaml(value)}" for name, value in parts.params.items()),
        ]
    lines += [f"subject: {new.answers.subject.id}", *_population(parts), *_asking(parts)]
    lines += ["notify:", *(f"  {level}: [{', '.join(roles)}]" for level, roles in new.notify.items())]
    lines += [
        "# Its proof. The engine has worked these out; add those that your service would argue about.",
        "examples:",
        *examples,
    ]
    return "\n".join(lines if examples else lines[:-2]) + "\n"


def _population(parts: Parts) -> list[str]:
    """Write whom the rule asks about."""
    lines = [
        "# Everyone of the subject is asked about. To ask about some, say who they are, and not what is wrong with them:",
        "# whoever is not asked about is on hold, and does not clear.",
        "# where: an expression over the subject's columns",
    ]
    if parts.per:
        lines = [f"per: {parts.per} # one answer a team: the measure is worked out over its rows", *lines]
    if parts.at_least:
        lines.insert(1, f"at_least: {parts.at_least} # with fewer rows in the team the answer is unknown")
    return lines


def _asking(parts: Parts) -> list[str]:
    """Write what it measures, and when each level holds."""
    lines = [f"measure: {parts.measure}", f"unit: {as_yaml(parts.unit)}"] if parts.measure else []
    if parts.measure and not parts.unit:
        lines.pop()
    lines += ["levels:", *(f"  {level}: {text}" for level, text in parts.levels.items())]
    if parts.when_null:
        lines.append(f"when_null: {parts.when_null} # where the measure is missing")
    elif parts.measure and not parts.per:
        lines.append("# Where the measure is missing the answer is unknown, which tells nobody; `when_null: amber` would.")
    if parts.due:
        lines += ["# The day by which it should have been done.", f"due: {parts.due}"]
    return lines


def as_yaml(value: object) -> str:
    """Write one value so that YAML reads it as it is: in quotes wherever it could be taken for something else."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return str(int(value)) if value == int(value) else str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(as_yaml(part) for part in value)}]"
    text = value.isoformat() if isinstance(value, date) else str(value)
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.'()/;-]*(?<![ ])", text) and not re.fullmatch(
        r"true|false|null|yes|no|on|off|[0-9.e]+", text, re.IGNORECASE
    )
    return text if plain else json.dumps(text, ensure_ascii=False)
