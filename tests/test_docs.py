"""The docs say what the code does: every module, command and setting is in its page, and nothing else is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

import notifiers
from alerting import sources
from alerting.cli import cli
from alerting.config import Config

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


# ---------------------------------------------------------------- modules


def modules() -> set[str]:
    """Every file of alerting/ as the architecture page names it; a folder of files counts as one."""
    files = {path.name for path in (ROOT / "alerting").glob("*.py")} - {"__init__.py"}
    return files | {f"{path.name}/" for path in (ROOT / "alerting").iterdir() if path.is_dir() and not path.name.startswith("_")}


def test_the_architecture_page_names_every_module_and_no_other():
    named = set(re.findall(r"^\| `([a-z_]+(?:\.py|/))`", page("architecture.md"), re.MULTILINE))

    assert named == modules()


# ---------------------------------------------------------------- commands


def commands(command: click.Command = cli, words: str = "alerting") -> Iterator[tuple[str, click.Command]]:
    """Every command a person can type, with its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{words} {name}")
    else:
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


# ---------------------------------------------------------------- settings


def models(annotation: object) -> Iterator[type[BaseModel]]:
    """The pydantic models in a field's type, unions, lists and mappings looked through."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models(part)


def keys(model: type[BaseModel], prefix: str = "", seen: tuple[type, ...] = ()) -> Iterator[str]:
    """Every key of a settings model as `part.key`; a name the council chooses stands as `<name>`."""
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


def described_keys(section: str) -> set[str]:
    """The keys in the first column of the tables under a heading of the settings page."""
    under = re.split(r"^## ", page("reference/config.md"), flags=re.MULTILINE)
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


# ---------------------------------------------------------------- links and first steps


def pages() -> list[Path]:
    return [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))]


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
