"""`alerting rules test`: the examples of rules, tried; and scenarios over days, run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerting.cli import build_app
from alerting.terminal import echo, echo_json

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.authoring.examples import ExampleEngine, ExampleResult
    from alerting.authoring.scenarios.expectations import Mismatch
    from alerting.authoring.scenarios.play import Played
    from alerting.errors import Fault, Place
    from alerting.rulebook.rule import Rule


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """What the examples of one rule came to."""

    rule: Rule
    tried: Sequence[ExampleResult]
    gaps: Sequence[Fault]
    places: Sequence[Place]


@click.command()
@click.argument("rule", metavar="[RULE|FILE]", required=False)
@click.option("--strict", is_flag=True, help="End with 1 as well where examples leave something unshown.")
@click.option(
    "--scenarios",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[PATH]",
    help="Run scenarios instead: of a file, a folder, or the council's folder `scenarios`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, rule: str | None, *, strict: bool, scenarios: str | None, as_json: bool) -> None:
    """Try the examples of every rule in use, or of one rule or file, and say what they leave unshown.

    With --scenarios: run made councils day by day instead, those with the rule where one is named. Nothing is stored or sent.
    """
    app = build_app(ctx)
    if scenarios is not None:
        sys.exit(_run_scenarios(app, rule, Path(scenarios) if scenarios else None, as_json=as_json))
    sys.exit(_try_examples(app, rule, strict=strict, as_json=as_json))


# ---------------------------------------------------------------------- examples


def _try_examples(app: App, name: str | None, *, strict: bool, as_json: bool) -> int:
    from alerting.authoring.draft import load_draft
    from alerting.authoring.examples import ExampleEngine
    from alerting.formatting import plural

    rules = [load_draft(app.book, name)] if name else list(app.book.rules)
    with ExampleEngine(app.book) as engine:
        proofs = [_prove(engine, rule) for rule in rules]
    broken = () if name else app.book.broken
    failed = sum(bool(one.wrong) for proof in proofs for one in proof.tried)
    gaps = sum(len(proof.gaps) for proof in proofs)
    if as_json:
        echo_json({"rules": [_proof_as_json(proof) for proof in proofs], "broken": [one.code for one in broken]})
    else:
        for proof in proofs:
            _print_proof(proof)
    every = sum(len(proof.tried) for proof in proofs)
    unshown = f" {plural(gaps, 'thing is', 'things are')} left unshown." if gaps else ""
    told = f"{every - failed} of {plural(every, 'example')} of {plural(len(proofs), 'rule')}"
    echo(f"{told} {'is' if every == 1 else 'are'} lived up to.{unshown}", err=True)
    for one in broken:
        echo(f"{one.code} cannot be used and was not tried: `alerting check` shows why.", err=True)
    return 1 if failed or broken or (strict and gaps) else 0


def _prove(engine: ExampleEngine, rule: Rule) -> _Proof:
    from alerting.authoring.coverage import find_gaps
    from alerting.authoring.examples import try_examples
    from alerting.documents.document import load

    document = load(Path(rule.place))
    tried = try_examples(engine, rule)
    places = [document.place(("examples", one.number)) for one in tried]
    # What wrong answers leave unshown is nothing to go by: they are put right first.
    unshown = [] if any(one.wrong for one in tried) else find_gaps(engine, rule, tried, document)
    return _Proof(rule=rule, tried=tried, gaps=unshown, places=places)


def _print_proof(proof: _Proof) -> None:
    failures = [(one, place) for one, place in zip(proof.tried, proof.places, strict=True) if one.wrong]
    if not failures and not proof.gaps:
        return
    echo(f"{proof.rule.code} {proof.rule.title}")
    for one, place in failures:
        echo(f"\n  {place.file}:{place.line}: {one.example.says}")
        _print_lines([("expected", _expected(one)), ("came", _came(one)), ("because", one.why)])
    for gap in proof.gaps:
        echo(f"  {proof.rule.place}:{gap.where.line if gap.where else ''}: {gap.problem}\n      {gap.remedy}")
    echo()


def _expected(tried: ExampleResult) -> str:
    example = tried.example
    return _answer(example.gives, example.measure, example.due, example.also)


def _came(tried: ExampleResult) -> str:
    """Return what came of all that the example speaks of."""
    example, answer = tried.example, tried.answer
    if answer is None:
        return tried.wrong
    measure = answer.measure if example.measure is not None else None
    due = answer.due if example.due is not None else None
    return _answer(answer.gives, measure, due, answer.also if example.also is not None else None)


def _answer(gives: str, measure: float | None, due: object, also: Sequence[str] | None) -> str:
    from alerting.authoring.examples import write_short

    told = [gives]
    told += [f"measure {write_short(measure)}"] if measure is not None else []
    told += [f"due {due}"] if due is not None else []
    told += [f"also {' and '.join(also) or 'nobody'}"] if also is not None else []
    return ", ".join(told)


def _proof_as_json(proof: _Proof) -> dict[str, Any]:
    return {
        "code": proof.rule.code,
        "id": proof.rule.id,
        "file": proof.rule.place,
        "examples": [
            {
                "says": one.example.says,
                "line": place.line,
                "lived_up_to": not one.wrong,
                "expected": _expected(one),
                "came": _came(one),
                "wrong": one.wrong or None,
                "why": one.why or None,
            }
            for one, place in zip(proof.tried, proof.places, strict=True)
        ],
        "unshown": [{"problem": f"{proof.rule.code}: {gap.problem}", "remedy": gap.remedy} for gap in proof.gaps],
    }


# ---------------------------------------------------------------------- scenarios


def _run_scenarios(app: App, name: str | None, path: Path | None, *, as_json: bool) -> int:
    from alerting.authoring.draft import find_rule
    from alerting.authoring.scenarios.play import Stage, scenario_files
    from alerting.authoring.scenarios.reader import read_scenario
    from alerting.errors import Faults
    from alerting.formatting import plural

    only = find_rule(app.book, name) if name else None
    faults: list[Fault] = []
    checked = []
    for file in scenario_files(app, path):
        try:
            scenario = read_scenario(file, app.book)
        except Faults as error:
            faults += error.faults
            continue
        if only is None or only.id in {rule.id for rule in scenario.book.rules}:
            checked.append(scenario)
    if faults:
        raise Faults(faults)
    with Stage(app) as stage:
        played = [stage.play(scenario) for scenario in checked]
    failed = [one for one in played if one.differences]
    if as_json:
        echo_json({"scenarios": [_scenario_as_json(one) for one in played]})
    else:
        for one in failed:
            _print_scenario(one)
    days = sum(one.days for one in played)
    told = f"{len(played) - len(failed)} of {plural(len(played), 'scenario')} went as expected, {plural(days, 'day')} in all."
    echo(told, err=True)
    return 1 if failed else 0


def _print_scenario(played: Played) -> None:
    from alerting.formatting import day

    echo(f"{played.file}: {played.says}")
    for as_of, group in groupby(played.differences, key=lambda one: one.as_of):
        echo(f"\n  {day(as_of)}")
        for one in group:
            echo(f"    {one.about} (line {one.where.line})")
            _print_lines([("expected", one.expected), ("came", one.came)])
    echo()


def _print_lines(lines: Iterable[tuple[str, str]]) -> None:
    for heading, text in lines:
        if text:
            echo(f"      {heading:<9} {text}")


def _scenario_as_json(played: Played) -> dict[str, Any]:
    return {
        "file": played.file,
        "says": played.says,
        "days": played.days,
        "as_expected": not played.differences,
        "differences": [_mismatch_as_json(one) for one in played.differences],
    }


def _mismatch_as_json(one: Mismatch) -> dict[str, Any]:
    return {"as_of": one.as_of, "about": one.about, "expected": one.expected, "came": one.came, "line": one.where.line}
