"""Change one module in small ways, one at a time, and see which changes no test notices.

    python -m bench mutations MODULE --tests FILE... [--slow] [--limit 150] [--seed 1] [--only LINE...] [--longest 120]

MODULE such as alerting.alerts.lifecycle. A change flips a comparison, takes a `not` away, makes an `and` an `or`, swaps the two
halves of an `if` in an expression, adds one to a number, or returns nothing. The tests run in a forked process with the changed
function in place, until one fails: the quick tests of each file, the quickest file first, then with --slow those that are marked
`slow`. A change that all of them pass is printed: it means the same, or a test is missing. POSIX only.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import os
import random
import select
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
IN_SQL = [("<=", "<"), (">=", ">"), (" DESC", " ASC"), ("NULLS LAST", "NULLS FIRST"), (" AND ", " OR "), (" OR ", " AND "),
          ("IS NOT NULL", "IS NULL"), (" = 1", " = 2"), ("lower(", "upper(")]  # fmt: skip

QUIETLY = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""How tests are run: what they need has been imported by then."""

PASSED, NONE_SUCH, CANNOT = 0, 5, 255
"""What a process with a change ends with: its tests passed, there are none, or the change could not be made."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A changed module. function: the name of the function that differs, with its class."""

    line: int
    function: str
    was: str
    now: str
    tree: ast.Module


@dataclass(frozen=True, kw_only=True)
class Tests:
    """The tests of a file that are slow, or that are not."""

    file: str
    slow: bool

    def __str__(self) -> str:
        return f"the slow ones of {self.file}" if self.slow else self.file


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Return what a part of a function may be changed to."""
    match node:
        case ast.Compare(left=left, ops=[first, *others], comparators=compared) if type(first) in FLIPPED:
            yield ast.Compare(left=left, ops=[FLIPPED[type(first)](), *others], comparators=compared)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(op=ast.Or() if isinstance(op, ast.And) else ast.And(), values=values)
            for n in range(len(values)):
                left_in = [*values[:n], *values[n + 1 :]]
                yield left_in[0] if len(left_in) == 1 else ast.BoolOp(op=op, values=left_in)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test=test, body=orelse, orelse=body)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield ast.BinOp(left=left, op=ast.Sub(), right=right)
        case ast.BinOp(left=left, op=ast.Sub() | ast.BitAnd() | ast.BitOr(), right=right):
            yield ast.BinOp(left=left, op=ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd(), right=right)
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            yield ast.Constant(value=value + 1)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(value=not value)
        case ast.Constant(value=str() as value) if "SELECT" in value:
            for was, now in IN_SQL:
                parts = value.split(was)
                yield from (ast.Constant(value=was.join(parts[:n]) + now + was.join(parts[n:])) for n in range(1, len(parts)))
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(value=ast.Constant(value=None))


def mutants(path: Path) -> Iterator[Mutant]:
    """Return each module that differs from this one in one part of one function."""
    tree = ast.parse(path.read_text("utf-8"))
    for function, definition in _functions(tree):
        beside = [definition.args, *definition.decorator_list, *([definition.returns] if definition.returns else [])]
        beside += [node.annotation for node in ast.walk(definition) if isinstance(node, ast.AnnAssign)]
        apart = {id(node) for part in beside for node in ast.walk(part)}
        for number, node in enumerate(ast.walk(definition)):
            if id(node) in apart:  # only the body of a function that there is can be changed
                continue
            for changed in changes(node):
                other = deepcopy(tree)
                target = next(
                    found for name, found in _functions(other) if name == function and found.lineno == definition.lineno
                )
                place = list(ast.walk(target))[number]
                _Put(place, changed).visit(target)
                ast.fix_missing_locations(other)
                line = getattr(node, "lineno", definition.lineno)
                yield Mutant(line=line, function=function, was=ast.unparse(node), now=ast.unparse(changed), tree=other)


class _Put(ast.NodeTransformer):
    def __init__(self, place: ast.AST, changed: ast.AST) -> None:
        self.place, self.changed = place, changed

    def visit(self, node: ast.AST) -> Any:
        return ast.copy_location(self.changed, node) if node is self.place else super().generic_visit(node)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, ast.FunctionDef))


def plant(module: types.ModuleType, mutant: Mutant) -> None:
    """Put the changed function in the place of the module's own, for whoever has it already too."""
    code: types.CodeType = compile(mutant.tree, str(module.__file__), "exec")
    live: Any = module
    for part in mutant.function.split("."):
        code = next(const for const in code.co_consts if isinstance(const, types.CodeType) and const.co_name == part)
        live = vars(live)[part]
    wrapped = (getattr(live, name, None) for name in ("fget", "func", "__wrapped__"))  # a property, one that is kept, a decorator
    live = next((function for function in wrapped if function is not None), live)
    assert isinstance(live, types.FunctionType), f"{mutant.function} is not a function that can be changed"
    live.__code__ = code


def ends(change: Callable[[], None], tests: Tests, longest: float) -> int | None:
    """Return the code with which tests end in a process with a change; None where they do not end, or the process dies."""
    heard, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        os.setpgid(0, 0)
        code = CANNOT
        try:
            change()
            with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                code = int(pytest.main([tests.file, "-m", "slow" if tests.slow else "not slow", *QUIETLY]))
        finally:
            os.write(says, bytes([code]))
            os._exit(0)
    os.close(says)
    ready, _, _ = select.select([heard], [], [], longest)
    if not ready:
        os.killpg(child, signal.SIGKILL)  # and what the tests have started
    said = os.read(heard, 1)
    os.close(heard)
    os.waitpid(child, 0)
    return said[0] if said else None


def noticed(change: Callable[[], None], tests: Tests, longest: float) -> bool:
    """Return whether tests fail, or do not end, with a change."""
    code = ends(change, tests, longest)
    if code == CANNOT:
        raise RuntimeError("the change could not be made, or pytest broke")
    return code != PASSED


def in_order(files: list[str], longest: float, *, slow: bool) -> list[Tests]:
    """Return the tests of these files in the order in which they are asked, by how long they take with nothing changed."""
    took: dict[Tests, float] = {}
    for tests in (Tests(file=file, slow=marked) for file in files for marked in ((False, True) if slow else (False,))):
        began = time.monotonic()
        code = ends(lambda: None, tests, 10 * longest)
        assert code in (PASSED, NONE_SUCH), f"{tests}: they fail by themselves"
        if code == PASSED:
            took[tests] = time.monotonic() - began
    return sorted(took, key=lambda tests: (tests.slow, took[tests]))


def main() -> None:
    """Try each change and print the share that was noticed, and every change that was not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module")
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--slow", action="store_true", help="run the tests that are marked slow too")
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=120.0)
    parser.add_argument("--only", type=int, nargs="*", help="lines")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    module = importlib.import_module(arguments.module)
    assert module.__file__
    found = list(mutants(Path(module.__file__)))
    if arguments.only:
        found = [mutant for mutant in found if mutant.line in arguments.only]
    tried = sorted(random.Random(arguments.seed).sample(found, min(arguments.limit, len(found))), key=lambda mutant: mutant.line)
    for test in arguments.tests:  # imported once, before the fork
        importlib.import_module(".".join(Path(test).with_suffix("").parts))
    asked = in_order(arguments.tests, arguments.longest, slow=arguments.slow)
    by: Counter[Tests | None] = Counter()
    for mutant in tried:
        change = partial(plant, module, mutant)
        first = next((tests for tests in asked if noticed(change, tests, arguments.longest)), None)
        by[first] += 1
        if first is None:
            print(f"{arguments.module}:{mutant.line} {mutant.function}: {mutant.was}  ->  {mutant.now}", flush=True)
    noticed_by = ", ".join(f"{by[tests]} by {tests}" for tests in asked)
    print(f"{arguments.module}: {len(tried)} of {len(found)} changes tried; noticed first: {noticed_by}; by none: {by[None]}")


if __name__ == "__main__":
    main()
