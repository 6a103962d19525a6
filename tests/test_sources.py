"""What every source promises. The modules are found, not listed: a new one is held to this by being there."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from alerting import sources
from alerting.casedata.snapshot import Source

MODULES = [importlib.import_module(f"alerting.sources.{found.name}") for found in pkgutil.iter_modules(sources.__path__)]
MAY_KNOW = (
    "alerting.casedata",
    "alerting.database_address",
    "alerting.errors",
    "alerting.private_files",
    "alerting.formatting",
    "alerting.working_days",
    "alerting.sources.",
)
LEAST = {"path": "extracts", "url": "sqlite:///cases.db"}
"""What the required settings of a source may be."""

every = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def settings(module: ModuleType, **more: Any) -> dict[str, Any]:
    fields = module.Source.model_fields
    least = {name: LEAST[name] for name, field in fields.items() if field.is_required() and name != "type"}
    return {"type": module.__name__.rpartition(".")[2], **least, **more}


def files(module: ModuleType) -> list[Path]:
    path = Path(str(module.__file__))
    return sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]


@every
def test_a_source_is_found_by_its_type_and_is_its_own_settings(module):
    source = module.Source.model_validate(settings(module))

    assert isinstance(source, BaseModel)
    assert isinstance(source, Source)
    with pytest.raises(ValidationError, match="type"):
        module.Source.model_validate(settings(module, type="crystal-ball"))


@every
@pytest.mark.parametrize("act", [name for name in vars(Source) if not name.startswith("_")])
def test_a_source_acts_as_the_protocol_says(module, act):
    def signature(source: Any) -> list[tuple[str, Any]]:
        return [(name, parameter.kind) for name, parameter in inspect.signature(getattr(source, act)).parameters.items()]

    assert signature(module.Source) == signature(Source)


@every
def test_a_setting_that_does_not_exist_is_told_without_its_value(module):
    with pytest.raises(ValidationError, match="pasword") as caught:
        module.Source.model_validate(settings(module, pasword="made-up-secret"))

    assert "made-up-secret" not in str(caught.value)


@every
def test_settings_cannot_be_changed_once_read(module):
    with pytest.raises(ValidationError, match="frozen"):
        module.Source.model_validate(settings(module)).type = "other"


@every
def test_what_tells_a_place_from_others_holds_no_secret(module):
    secrets = {
        name: f"postgresql://reader:made-up-secret@host/{name}"
        for name, field in module.Source.model_fields.items()
        if SecretStr.__name__ in str(field.annotation)
    }
    source = module.Source.model_validate(settings(module, **secrets))

    assert source.identity()[0] == source.type
    assert "made-up-secret" not in " ".join(source.identity())


@every
def test_what_tells_a_place_from_others_is_another_for_another_place(module):
    others = {"path": "elsewhere", "url": "sqlite:///others.db", "seed": 8}
    changes = {name: value for name, value in others.items() if name in module.Source.model_fields}

    one, other = module.Source.model_validate(settings(module)), module.Source.model_validate(settings(module, **changes))

    assert one.identity() == module.Source.model_validate(settings(module)).identity() != other.identity()


@every
def test_a_source_knows_of_the_line_the_case_data_alone(module):
    for path in files(module):
        tree = ast.parse(path.read_text("utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        known = {node.module or "" for node in imports if node.module != "alerting"}
        known |= {f"alerting.{name.name}" for node in imports if node.module == "alerting" for name in node.names}
        assert [name for name in known if name.startswith(("alerting", "notifiers")) and not name.startswith(MAY_KNOW)] == []
