"""What editors are told of rule and subject files says what the service itself says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alerting.casedata.catalogue import TABLES
from alerting.commands import cli
from alerting.rulebook.file_models import RuleFile, Subject
from alerting.rulebook.json_schema import RULE_FILE, SUBJECT_FILE, as_text, rule_schema, subject_schema
from tests.case_rows import RULES, copy_shipped, shipped
from tests.made_council import MadeCouncil

RULE, SUBJECT = rule_schema(shipped().subjects), subject_schema()
both = pytest.mark.parametrize(("schema", "model"), [(RULE, RuleFile), (SUBJECT, Subject)], ids=["rule", "subject"])
FILES = sorted(RULES.glob("*/*.yaml"))


def schemas(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every object within a schema, with where it stands."""
    if isinstance(schema, dict):
        yield at, schema
        for key, part in schema.items():
            if key != "examples" or at.endswith("/properties"):
                yield from schemas(part, f"{at}/{key}")
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from schemas(part, f"{at}/{index}")


def alerting(config: Path, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["--config", str(config), "rules", "schema", *arguments])
    assert result.exit_code == code, result.output
    return result


# ---------------------------------------------------------------- the shipped files


@pytest.mark.parametrize(("name", "schema"), [(RULE_FILE, RULE), (SUBJECT_FILE, SUBJECT)])
def test_the_shipped_schemas_are_those_of_the_models_and_the_shipped_subjects(name, schema):
    written = (RULES / name).read_text("utf-8") == as_text(schema)

    assert written, f"rules/{name} is out of step: run `alerting rules schema --write`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(RULES).as_posix())
def test_every_rule_and_subject_begins_with_where_its_schema_is(path):
    first = path.read_text("utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)

    assert found
    assert (path.parent / found[1]).resolve() == RULES / (SUBJECT_FILE if path.parent.name == "subjects" else RULE_FILE)


# ---------------------------------------------------------------- what they say


@both
def test_a_schema_has_the_keys_of_its_model_and_needs_those_that_it_needs(schema, model):
    fields = {field.alias or name: field for name, field in model.model_fields.items()}

    assert schema["properties"].keys() == fields.keys()
    assert set(schema["required"]) == {name for name, field in fields.items() if field.is_required()}


@both
def test_every_key_is_described_and_no_other_is_allowed(schema, model):
    for at, part in schemas(schema):
        if at.endswith("/properties") and "/if/" not in at and "/then/" not in at:
            assert [name for name, key in part.items() if not key.get("description")] == [], at
        if "properties" in part and "/if" not in at and "/then" not in at:
            assert part["additionalProperties"] is False, at


@both
def test_every_value_to_choose_from_is_described(schema, model):
    for at, part in schemas(schema):
        if "enum" in part and not re.search(r"/then/|/reads/|/off_without/", at):
            assert all(part["enumDescriptions"]), at
            assert len(part["enumDescriptions"]) == len(part["enum"]), at


@both
def test_a_form_that_a_value_must_have_is_told_in_words(schema, model):
    assert [at for at, part in schemas(schema) if "pattern" in part and "patternErrorMessage" not in part] == []


@both
def test_types_are_plain_words_and_nothing_is_read_from_elsewhere(schema, model):
    for at, part in schemas(schema):
        if "type" in part and not at.endswith("/properties"):
            assert all(isinstance(kind, str) for kind in [part["type"]] if not isinstance(kind, list)), at
            assert "anyOf" not in part, at
        assert str(part.get("$ref", "#/")).startswith("#/"), at


def test_a_rule_file_offers_the_levels_the_roles_the_subjects_and_the_tables():
    keys = RULE["properties"]

    assert list(keys["levels"]["properties"]) == list(keys["notify"]["properties"]) == ["info", "amber", "red", "critical"]
    assert keys["notify"]["properties"]["red"]["items"]["enum"] == list(keys["also"]["properties"])
    assert keys["subject"]["enum"] == list(shipped().subjects)
    assert keys["reads"]["items"]["enum"] == list(TABLES)


def test_a_number_of_runs_or_days_may_be_written_with_its_unit():
    keys = RULE["properties"]

    assert keys["for"]["type"] == ["integer", "string"]
    assert re.match(keys["for"]["pattern"], "2 runs")
    assert re.match(keys["remind_every"]["pattern"], "5 working days")
    assert not re.match(keys["remind_every"]["pattern"], "5 days")


def test_the_rows_of_examples_have_the_columns_of_the_rules_subject_with_their_meaning():
    row = RULE["definitions"]["care_leaver"]

    assert list(row["properties"]) == list(shipped().subjects["care_leaver"].columns)
    assert row["properties"]["latest_contact"]["description"] == "Latest recorded contact with the personal adviser (date)"


# ---------------------------------------------------------------- the command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    council = MadeCouncil(tmp_path)
    council.write()
    return council.configure("sqlite:///alerting.db", rules={"path": "rules"})


def test_the_command_prints_the_schema_of_a_rule_or_of_a_subject(config: Path):
    assert json.loads(alerting(config).stdout) == RULE
    assert json.loads(alerting(config, "subject").stdout) == SUBJECT


def test_written_into_the_councils_own_rules_a_schema_knows_the_councils_own_subjects(config: Path):
    rules = config.parent / "rules"
    copy_shipped(rules)
    own = (rules / "subjects" / "child_in_need.yaml").read_text("utf-8").replace("child_in_need", "child_of_ours")
    (rules / "subjects" / "child_of_ours.yaml").write_text(own, "utf-8")

    alerting(config, "--write")

    written = json.loads((rules / RULE_FILE).read_text("utf-8"))
    assert "child_of_ours" in written["properties"]["subject"]["enum"]
    assert (rules / SUBJECT_FILE).read_text("utf-8") == as_text(SUBJECT)


def test_the_rules_that_came_with_the_product_are_not_written_into(config: Path):
    result = alerting(config, "--write", code=1)

    assert "rules that come with this version" in result.stderr
