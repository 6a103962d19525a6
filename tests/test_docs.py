"""The docs say what the code does: every module, command and setting is in its page, and nothing else is."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

import notifiers
from alerting import sources
from alerting.app import build
from alerting.authoring.examples import find_failing_examples
from alerting.casedata import snapshot
from alerting.commands import cli
from alerting.commands.alerts import as_row
from alerting.config import Config
from alerting.delivery import notifier
from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.functions import FUNCTIONS
from alerting.model import Alert, Condition, Level
from alerting.notifications.report import Report
from alerting.rulebook.file_models import RuleFile, Subject
from alerting.rulebook.loader import load_rulebook
from tests.case_rows import copy_shipped

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    return [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))]


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


# ---------------------------------------------------------------- modules


def modules() -> set[str]:
    """Return every file of alerting/ as the architecture page names it; a folder of files counts as one."""
    files = {path.name for path in (ROOT / "alerting").glob("*.py")} - {"__init__.py"}
    return files | {f"{path.name}/" for path in (ROOT / "alerting").iterdir() if path.is_dir() and not path.name.startswith("_")}


def test_the_architecture_page_names_every_module_and_no_other():
    named = set(re.findall(r"^\| `([a-z_]+(?:\.py|/))`", page("architecture.md"), re.MULTILINE))

    assert named == modules()


def test_the_architecture_page_has_the_import_contract_as_it_is_checked():
    [written] = re.findall(r"^```\n(__main__ / .*?)^```", page("architecture.md"), re.MULTILINE | re.DOTALL)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["id"] == "one-way"]

    assert [" ".join(row.split()) for row in written.split("/")] == layers


def test_the_packages_stand_in_the_order_of_the_contract():
    named = re.findall(r"^\| `([a-z_]+)(?:\.py|/)` \|", page("architecture.md"), re.MULTILINE)
    [written] = re.findall(r"^```\n(__main__ / .*?)^```", page("architecture.md"), re.MULTILINE | re.DOTALL)
    row = {name.strip(): number for number, names in enumerate(written.split("/")) for name in names.split("|")}

    assert [row[name] for name in named] == sorted(row.values())


def walks() -> dict[str, list[str]]:
    """Return the numbered lists of the architecture page, by their headings: the dotted name that each step begins with."""
    parts = page("architecture.md").split("\n## ")
    steps = {part.splitlines()[0]: re.findall(r"^\d+\. (.*)$", part, re.MULTILINE) for part in parts}
    return {heading: [step.partition("`")[2].partition("`")[0] for step in found] for heading, found in steps.items() if found}


def test_there_are_three_walks():
    assert list(walks()) == ["A rule from YAML to SQL", "A case row to a sent mail", "A manager's snooze to a quieter message"]


@pytest.mark.parametrize("name", sorted({name for names in walks().values() for name in names}))
def test_every_step_of_a_walk_is_there(name):
    assert pkgutil.resolve_name(name)


# ---------------------------------------------------------------- files

TO_BE_WRITTEN = {"notifiers/sms.py", "alerting/sources/json_lines.py"}
"""What the reader of a page is shown how to add."""


def paths_named(text: str) -> set[str]:
    """Return the files and folders of ours that a page names, but for those with a `<part>` to fill in."""
    found = re.findall(r"(?<![\w/.<])((?:alerting|tests|notifiers|bench)/[\w./<>-]*)", text)
    return {name.rstrip(".") for name in found if "<" not in name} - TO_BE_WRITTEN


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_is_there(path):
    text = path.read_text(encoding="utf-8")
    ours = {file.name for folder in ("alerting", "tests", "notifiers", "bench") for file in (ROOT / folder).rglob("*.py")}
    alone = set(re.findall(r"(?<![\w/<>])(\w+\.py)\b", text))

    assert {name for name in paths_named(text) if not (ROOT / name).exists()} == set()
    assert alone - ours == set()


@pytest.mark.parametrize("package", sorted(path.parent.name for path in (ROOT / "alerting").glob("*/__init__.py")))
def test_every_part_that_a_package_says_it_has_is_there(package):
    package = importlib.import_module(f"alerting.{package}")
    named = re.findall(r"\(`(\w+(?:\.\w+)*)`", package.__doc__ or "")

    assert [name for name in named if not pkgutil.resolve_name(f"{package.__name__}.{name}")] == []


# ---------------------------------------------------------------- commands


def commands(command: click.Command = cli, words: str = "alerting") -> Iterator[tuple[str, click.Command]]:
    """Return every command a person can type, with its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{words} {name}")
    if not isinstance(command, click.Group) or (command.invoke_without_command and command is not cli):
        yield words, command


def test_every_command_has_its_entry_and_every_entry_its_command():
    described = {
        re.sub(r"[`]", "", heading) for heading in headings(page("reference/commands.md")) if heading.startswith("`alerting ")
    }

    assert described == {words for words, _ in commands()}


@pytest.mark.parametrize(("words", "command"), [pytest.param(*both, id=both[0]) for both in commands()])
def test_every_option_stands_in_the_entry_of_its_command(words, command):
    entry = re.split(r"^#+ ", page("reference/commands.md").partition(f"# `{words}`")[2], maxsplit=1, flags=re.MULTILINE)[0]
    options = {name for each in command.params if isinstance(each, click.Option) for name in each.opts if name.startswith("--")}

    assert {f"`{name}" for name in options if f"`{name}" not in entry} == set()


@pytest.mark.parametrize(("words", "command"), [pytest.param(*both, id=both[0]) for both in commands()])
def test_every_command_says_what_it_does(words, command):
    assert command.help or command.short_help


def calls(text: str) -> list[str]:
    """Return what a page lets its reader type after `alerting`, in a sentence or in an example; what stands for a command to fill in is none."""
    examples = "\n".join(re.findall(r"^ *```(?:sh|powershell)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
    found = re.findall(r"`alerting ([^`\n]+)`", text) + re.findall(r"(?:^|[\s/])alerting ([^\n#|]*)", examples)
    found = [re.sub(r"^(--config \S+ ?)?", "", each).strip() for each in found]
    return [each for each in found if each and not re.match(r"\[|--|COMMAND", each)]


def unknown(call: str) -> list[str]:
    """Return what of a call there is not: its command, or options of it."""
    command, words = cli, call.split()
    while words and isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            return [words[0]]
        command, words = inner, words[1:]
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    named = {option for word in words for option in re.findall(r"^--[a-z-]+", word)}
    return sorted(named - options)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_a_page_lets_somebody_type_is_there_with_its_options(path):
    assert {call: missing for call in calls(path.read_text(encoding="utf-8")) if (missing := unknown(call))} == {}


# ---------------------------------------------------------------- settings


def models(annotation: object) -> Iterator[type[BaseModel]]:
    """Return the pydantic models in a field's type, unions, lists and mappings looked through."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models(part)


def keys(model: type[BaseModel], prefix: str = "", seen: tuple[type, ...] = ()) -> Iterator[str]:
    """Return every key of a settings model as `part.key`; a name the council chooses stands as `<name>`."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        yield key
        many = ".<name>" if "dict" in str(field.annotation).lower() or "mapping" in str(field.annotation).lower() else ""
        for inner in models(field.annotation):
            if inner not in seen:
                yield from keys(inner, f"{key}{many}.", (*seen, model))


def found_modules(package: object) -> Iterator[tuple[str, object]]:
    for module in pkgutil.iter_modules(package.__path__):
        yield module.name, importlib.import_module(f"{package.__name__}.{module.name}")


def described_keys(section: str, of: str = "reference/config.md") -> set[str]:
    """Return the keys in the first column of the tables under a heading of a page."""
    under = re.split(r"^## ", page(of), flags=re.MULTILINE)
    [text] = [part for part in under if part.splitlines()[0].strip("` ") == section]
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


def test_every_setting_has_its_entry_and_every_entry_its_setting():
    # The three jobs have the same keys, which the page tells once.
    settings = {re.sub(r"^jobs\.(weekly|monthly)\.", "jobs.daily.", key) for key in keys(Config)}

    assert described_keys("config.yaml") == settings


@pytest.mark.parametrize("name", [name for name, _ in found_modules(notifiers)])
def test_every_setting_of_a_notifier_has_its_entry(name):
    model = importlib.import_module(f"notifiers.{name}").Notifier

    assert described_keys(f"receivers: type {name}") == {"type", *keys(model)}


@pytest.mark.parametrize("name", [name for name, _ in found_modules(sources)])
def test_every_setting_of_a_source_has_its_entry(name):
    model = importlib.import_module(f"alerting.sources.{name}").Source

    assert described_keys(f"source: type {name}") == {"type", *keys(model)}


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(("section", "model"), [("A rule", RuleFile), ("A subject", Subject)])
def test_every_key_of_a_rule_or_subject_has_its_entry(section, model):
    assert described_keys(section, "reference/rules.md") == {field.alias or name for name, field in model.model_fields.items()}


def test_every_function_has_its_entry_with_its_own_words():
    assert rows_under("## Functions") == {
        name: f"{each.says} | `{each.example}` | {each.answer}" for name, each in FUNCTIONS.items()
    }


def test_whatever_counts_over_a_team_has_its_entry_with_its_own_words():
    counting = rows_under("## Counting over a team, a worker or a service")

    assert counting == {name: f"{each.says} | `{each.example}`" for name, each in AGGREGATES.items()}


def rows_under(heading: str) -> dict[str, str]:
    under = page("reference/rules.md").partition(heading)[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", under, re.MULTILINE))


# ---------------------------------------------------------------- examples


def examples(language: str) -> list[object]:
    """Return every block of a language in the pages, named by its page and line."""
    found = []
    for path in pages():
        text = path.read_text(encoding="utf-8")
        for block in re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            found.append(pytest.param(block[1], id=f"{path.relative_to(ROOT).as_posix()}:{line}"))
    return found


def keys_of(example: str) -> dict[str, object]:
    """Return the keys of the JSON example under a heading, with those of the values inside."""
    [block] = re.findall(r"^```json\n(.*?)^```", page("reference/json.md").split(f"## `{example}`")[1], re.MULTILINE | re.DOTALL)[
        :1
    ]
    value = json.loads(block)
    return value[0] if isinstance(value, list) else value


def test_the_example_of_a_report_has_the_keys_of_a_report():
    report = Report(job="daily", as_of=date(2026, 3, 31), run=1, status="done").as_json()
    example = keys_of("alerting run JOB --json")

    assert example.keys() == report.keys()
    for part in ("source", "alerts", "notifications"):
        assert example[part].keys() == report[part].keys()


def test_the_example_of_an_alert_has_the_keys_of_an_alert():
    day = date(2026, 3, 10)
    alert = Alert(
        ref="A-7K3QXMPD", rule="r", code="CL-01", subject_kind="care_leaver", subject="P1", episode=1, condition=Condition.firing,
        level=Level.red, first_seen=day, level_since=day,
    )  # fmt: skip

    assert keys_of("alerting alerts list --json").keys() == as_row(alert).keys()


# A rule begins with its id, a scenario has days; tests/test_author_docs.py runs both.
@pytest.mark.parametrize(
    "example", [each for each in examples("yaml") if not re.search(r"^(id|days):", each.values[0], re.MULTILINE)]
)
def test_every_example_of_config_yaml_can_be_used(example, tmp_path, monkeypatch):
    for name in re.findall(r"\$\{env:(\w+)\}", example):
        monkeypatch.setenv(name, "https://flow.environment.api.powerplatform.com/workflows/1?sig=made-up")
    # What an example leaves out to be short.
    for key, value in (("council", "{name: Exampleshire}"), ("source", "{type: demo}"), ("receivers", "{look: {type: console}}")):
        if not re.search(rf"^{key}:", example, re.MULTILINE):
            example += f"{key}: {value}\n"
    file = tmp_path / "config.yaml"
    file.write_text(example, encoding="utf-8")

    assert [str(fault) for fault in build(file).faults] == []


@pytest.mark.parametrize("example", [each for each in examples("yaml") if re.search(r"^id: ", each.values[0], re.MULTILINE)])
def test_every_example_of_a_rule_does_what_its_examples_say(example, tmp_path):
    rules = tmp_path / "rules"
    copy_shipped(rules)
    [name] = re.findall(r"^id: (.*)$", example, re.MULTILINE)
    (rules / "local" / f"{name}.yaml").write_text(example, encoding="utf-8")

    book = load_rulebook(rules)
    mine = [rule for rule in book.rules if rule.id == name]

    assert [str(fault) for fault in book.faults if fault.where and name in fault.where.file] == []
    assert find_failing_examples(mine, book) == []


@pytest.mark.parametrize("example", examples("python"))
def test_every_example_of_a_notifier_or_source_is_one(example):
    space: dict[str, object] = {"__name__": "example"}
    exec(compile(example, "example", "exec", dont_inherit=True), space)

    if "Notifier" in space:
        assert issubclass(space["Notifier"], notifier.Notifier)
    else:
        assert issubclass(space["Source"], snapshot.Source)


# ---------------------------------------------------------------- links and first steps


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path):
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        assert to.exists(), target
        if anchor:
            slugs = {
                re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(to.read_text(encoding="utf-8"))
            }
            assert anchor in slugs, target


def test_every_page_that_the_product_names_is_one_that_an_installed_one_carries():
    carried = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    )
    named, by_hand = set(), []
    for path in sorted((ROOT / "alerting").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "docs_page":
                named.add(node.args[0].value)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                by_hand += [f"{path.name}: {page}" for page in re.findall(r"docs/[a-z-]+/[a-z-]+\.md", node.value)]

    assert by_hand == []
    assert {
        page for page in named if not (ROOT / "docs" / page).is_file() or f"docs/{page.partition('/')[0]}" not in carried
    } == set()


def test_the_first_commands_of_the_readme_are_the_demo_and_the_tests():
    blocks = re.findall(
        r"^```(?:sh|console|bash)\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    first = [line.split("#")[0].strip() for line in blocks[0].splitlines() if line.strip()]

    assert first == ["make demo", "make test"]


def test_every_make_command_that_a_page_names_is_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for path in pages() for name in re.findall(r"`make ([a-z]+)", path.read_text(encoding="utf-8"))}

    assert named <= targets
