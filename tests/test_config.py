"""config.yaml: what the council decides. Every fault in one pass, each at its place, and no secret ever shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, Strict

from alerting.app import build, types_of
from alerting.authoring.scenarios.file_models import Expected, Scenario
from alerting.config import Config, Loaded, load_config, sqlite_path
from alerting.errors import ConfigError, Faults
from alerting.rulebook.file_models import Overrides, RuleFile, RuleSetting, SettingsFile, Subject

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules"
NOTIFIERS, SOURCES = (
    sorted(place.stem for place in folder.iterdir() if place.suffix in (".py", "") and not place.stem.startswith("_"))
    for folder in (ROOT / "notifiers", ROOT / "alerting" / "sources")
)
SECRET = "tr0ub4dor"
LEAST = """\
council:
  name: Exampleshire
source: {type: demo, children: 60}
rules: {path: RULES}
receivers:
  outbox: {type: folder, path: outbox}
""".replace("RULES", RULES.as_posix())


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "config.yaml"


def loaded(file: Path, text: str = LEAST) -> Loaded:
    file.write_text(text, "utf-8")
    return load_config(file)


def faults(file: Path, text: str) -> list[str]:
    """Return the faults of a configuration, whether the file itself, or what it names, has them."""
    file.write_text(text, "utf-8")
    try:
        found = build(file).faults
    except Faults as error:
        found = error.faults
    return [str(fault).removeprefix(f"{file.as_posix()}:") for fault in found]


def changed(before: str, after: str) -> str:
    assert LEAST.count(before) == 1
    return LEAST.replace(before, after)


# What it means


def test_the_least_that_a_council_must_say_is_enough(file):
    config = loaded(file).config

    assert config.council.name == "Exampleshire"
    assert (config.council.timezone, config.store) == ("Europe/London", "sqlite:///alerting.db")
    assert (config.jobs.daily.at, config.jobs.daily.cut_off) == ("07:00", "14:00")
    assert config.jobs.daily.on == ("mon", "tue", "wed", "thu", "fri")
    assert (config.jobs.weekly.on, config.rules.packs) == (("mon",), None)
    assert faults(file, LEAST) == []


def test_paths_are_taken_from_the_folder_of_the_file_wherever_the_service_is_started(file, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ours").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    file.write_text(changed("{type: demo, children: 60}", "{type: files, path: extracts}"))

    app = build(file)

    assert app.source.path == tmp_path / "extracts"
    assert app.notifiers["outbox"].path == tmp_path / "outbox"
    assert app.store_url == f"sqlite:///{(tmp_path / 'alerting.db').as_posix()}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///alerting.db", "sqlite:////srv/alerts/alerting.db"),
        ("sqlite:///data/alerting.db", "sqlite:////srv/alerts/data/alerting.db"),
        ("sqlite:////var/lib/alerting.db", "sqlite:////var/lib/alerting.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://db/alerts", "postgresql+psycopg://db/alerts"),
    ],
)
def test_only_a_relative_sqlite_file_is_moved(url, expected):
    assert sqlite_path(url, Path("/srv/alerts")) == expected


@pytest.mark.parametrize(("written", "meant"), [("no", "no"), ("2026-11-23", "2026-11-23"), ("007", 7)])
def test_values_are_read_as_an_editor_shows_them(file, written, meant):
    assert loaded(file, LEAST + f"  x: {{type: folder, path: {written}}}\n").config.receivers["x"]["path"] == meant


# Faults, each with its place


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("council:", "counsil:", ["1:1: unknown key `counsil`\n  Did you mean 'council'?"]),
        ("  name: Exampleshire", "  nam: Exampleshire", ["2:3: unknown key `nam`\n  Did you mean 'name'?"]),
        ("  name: Exampleshire", "  name: Exampleshire\n  timezone: London", ["3:13: `council.timezone`: there is no such time zone; write Europe/London"]),
        ("  name: Exampleshire", "  name: Exampleshire\n  timezone: ../etc/passwd", ["3:13: `council.timezone`: there is no such time zone; write Europe/London"]),
        ("source:", "jobs: {daily: {at: '01:30'}}\nsource:", ["3:20: `jobs.daily.at`: a time from 01:00 to 01:59 comes twice in October and not at all in March; choose another"]),
        ("source:", "jobs: {daily: {at: 7am}}\nsource:", ["3:20: `jobs.daily.at` is not written as it should be\n  Local time, such as 07:00."]),
        ("source:", "jobs: {daily: {at: '24:00'}}\nsource:", ["3:20: `jobs.daily.at` is not written as it should be\n  Local time, such as 07:00."]),
        ("source:", "jobs: {weekly: {at: '07:00', on: [monday]}}\nsource:", ["3:35: `jobs.weekly.on.0` is none of the words that may stand here\n  Did you mean 'mon'?"]),
        ("source:", "jobs: {daly: {at: '07:00'}}\nsource:", ["3:8: unknown key `daly`\n  Did you mean 'daily'?"]),
        ("source:", "jobs: {daily: {at: '07:00', to: [mail]}}\nsource:", ["3:34: there is no receiver 'mail'"]),
        ("source:", "jobs: {daily: {at: '07:00', to: [outbx]}}\nsource:", ["3:34: there is no receiver 'outbx'\n  Did you mean 'outbox'?"]),
        ("{type: demo, children: 60}", "demo", ["3:9: `source` should have keys of its own\n  Write `key: value`, indented below it."]),
        ("type: demo", "type: dmo", ["3:16: unknown type `dmo`\n  Did you mean 'demo'?"]),
        ("type: demo, ", "", [f"3:9: `type` is missing\n  The types are: {', '.join(SOURCES)}."]),
        ("children: 60", "childs: 60", ["3:22: unknown key `childs`\n  Did you mean 'children'?"]),
        ("children: 60", "children: 3", ["3:32: `source.children` should be at least 50"]),
        ("type: folder", "type: pigeon", [f"6:18: unknown type `pigeon`\n  The types are: {', '.join(NOTIFIERS)}."]),
        ("  outbox: {type: folder, path: outbox}", "  outbox: {type: folder, pth: outbox}", ["6:26: unknown key `pth`\n  Did you mean 'path'?"]),
        ("  outbox: {type: folder, path: outbox}", "  {}", ["6:3: `receivers` has nothing in it\n  By name: a `type` and its settings."]),
        ("rules: {", "rules: {settings: {CL-01: {enable: false}}, ", ["4:28: unknown key `enable`\n  Did you mean 'enabled'?"]),
        ("rules: {", "rules: {bank_holidays: [easter], ", None),
        ("rules: {", "rules: {packs: statutory, ", ["4:16: `rules.packs` should be a list\n  Write it in square brackets: [one, two]."]),
        ("rules: {", "rules: {packs: [statutroy], ", None),
        ("  name: Exampleshire", "\tname: Exampleshire", ["2:1: not valid YAML: a tab stands where only spaces may\n  Indent with spaces."]),
        ("  name: Exampleshire", "  name: A\n  name: B", ["3:3: the key `name` is given twice, first on line 2\n  Leave one of them out."]),
    ],
)  # fmt: skip
def test_a_fault_has_its_place_and_what_to_do(file, before, after, expected):
    found = faults(file, changed(before, after))

    if expected is not None:
        assert sorted(found) == sorted(expected)
    elif "statutroy" in after:
        assert found[0].startswith("4:17: there is no rule pack 'statutroy'")
        assert found[0].endswith("Did you mean 'statutory'?")
    else:
        assert [fault.partition(": ")[0] for fault in found] == ["4:25"]


def test_every_fault_of_the_file_is_found_in_one_pass(file):
    text = """\
council: {nam: Exampleshire, timezone: Mars}
source: {type: demo}
rules: {packs: local}
jobs:
  daily: {at: "01:15"}
  nightly: {at: "03:00"}
store: ${env:NOT_SET_ANYWHERE}
receivers: {}
"""

    assert [fault.partition(": ")[0] for fault in faults(file, text)] == [
        "7:8",
        "1:40",
        "1:11",
        "3:16",
        "5:15",
        "6:3",
        "8:12",
    ]


def test_every_fault_of_what_the_file_names_is_found_in_one_pass(file):
    text = LEAST.replace("type: demo", "type: dmo").replace("rules: {", "rules: {settings: {CL-01: {enable: true}}, ")
    text += "  mail: {type: email, hots: relay}\n  post: {type: pigeon}\n"

    found = [fault.partition(": ")[0] for fault in faults(file, text)]

    assert set(found) == {"4:28", "3:16", "7:3", "7:23", "8:16"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "this is not a configuration"),
        ("# nothing yet\n", "this is not a configuration"),
        ("- council", "this is not a configuration"),
        ("council", "this is not a configuration"),
    ],
)
def test_a_file_that_is_no_configuration_says_so(file, text, problem):
    [fault] = faults(file, text)

    assert problem in fault
    assert "It starts with `council:`." in fault


def test_a_file_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no .*config\.yaml"):
        load_config(tmp_path / "config.yaml")


def test_a_service_with_faults_of_its_configuration_does_not_run(file):
    file.write_text(changed("type: folder", "type: pigeon"))
    app = build(file)

    with closing(app.store()) as store, pytest.raises(Faults, match="unknown type `pigeon`"):
        app.pipeline(store)


def test_a_service_does_not_run_without_a_pack_it_names(file):
    file.write_text(changed("rules: {", "rules: {packs: [statutroy], "))
    app = build(file)

    with closing(app.store()) as store, pytest.raises(Faults, match="there is no rule pack 'statutroy'"):
        app.pipeline(store)


def test_a_service_runs_without_one_rule_that_is_wrongly_set(file):
    file.write_text(changed("rules: {", "rules: {settings: {CP-03: {params: {visits_wd: 9}}}, "))
    app = build(file)

    assert [(fault.problem, str(fault.where).rpartition("yaml:")[2]) for fault in app.faults] == [
        ("`rules: settings: CP-03:` names a parameter 'visits_wd' it does not have", "4:37")
    ]
    with closing(app.store()) as store:
        assert "cp-visit-overdue" not in {rule.id for rule in app.pipeline(store).policy.book.rules}


# Secrets


def test_a_secret_comes_from_the_environment_or_a_file(file, monkeypatch):
    monkeypatch.setenv("STORE", f"postgresql+psycopg://alerts:{SECRET}@db/alerts")
    (file.parent / "token").write_text(f"{SECRET}\n")

    config = loaded(
        file, changed("council:", "store: ${env:STORE}\ncouncil:").replace("path: outbox", "path: '${file:token}'")
    ).config

    assert config.store == f"postgresql+psycopg://alerts:{SECRET}@db/alerts"
    assert config.receivers["outbox"]["path"] == SECRET


def test_a_secret_cannot_change_the_shape_of_the_file(file, monkeypatch):
    monkeypatch.setenv("NAME", "A\nreceivers: {evil: {type: console}}\n# ")

    config = loaded(file, changed("name: Exampleshire", "name: ${env:NAME}")).config

    assert config.council.name == "A\nreceivers: {evil: {type: console}}\n# "
    assert list(config.receivers) == ["outbox"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("${env:NOT_SET_ANYWHERE}", "the environment variable NOT_SET_ANYWHERE is not set\n  Set it where the service runs."),
        ("${file:none}", "the secret file none cannot be read (No such file or directory)\n  Check its path and rights."),
        ("${file:latin1}", "the secret file latin1 is not UTF-8 text\n  Save it as UTF-8."),
        ("a${env:HOME}b", "this is not a secret that can be looked up\n  Write ${env:NAME}, ${file:PATH} or ${keyring:service/name} as the whole value."),
        ("${vault:a}", "this is not a secret that can be looked up\n  Write ${env:NAME}, ${file:PATH} or ${keyring:service/name} as the whole value."),
        ("${keyring:alerts/store}", "the package keyring is not installed\n  Install it, or use ${env:NAME} or ${file:PATH}."),
    ],
)  # fmt: skip
def test_a_secret_that_is_not_there_is_a_fault_at_its_place(file, value, problem):
    (file.parent / "latin1").write_bytes(b"caf\xe9")

    assert faults(file, changed("council:", f"store: '{value}'\ncouncil:"))[0] == f"1:8: {problem}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  name: Exampleshire", "  name: Exampleshire\n  timezone: ${env:SECRET}"),
        ("  name: Exampleshire", "  name: Exampleshire\n  administrators: ${env:SECRET}"),
        ("{type: demo, children: 60}", "{type: demo, children: '${env:SECRET}'}"),
        ("{type: demo, children: 60}", "'${env:SECRET}'"),
        ("{type: demo, children: 60}", "{type: sql, url: '${env:SECRET}', schema: 3}"),
        ("source:", "jobs: {daily: {at: '${env:SECRET}'}}\nsource:"),
        ("rules: {", "rules: {bank_holidays: ['${env:SECRET}'], "),
        ("path: outbox", "path: outbox, ceiling: '${env:SECRET}'"),
        ("{type: folder, path: outbox}", "{type: email, host: relay, from: '${env:SECRET}', domains: [1]}"),
        ("{type: folder, path: outbox}", "{type: teams, channels: '${env:SECRET}'}"),
    ],
)
def test_no_fault_shows_a_secret(file, monkeypatch, before, after):
    monkeypatch.setenv("SECRET", SECRET)

    found = faults(file, changed(before, after))

    assert found
    assert SECRET not in "\n".join(found)


def test_the_types_are_the_modules_that_are_there():
    assert types_of("notifiers") == NOTIFIERS
    assert types_of("alerting.sources") == SOURCES
    assert {"email", "teams"} <= set(NOTIFIERS)
    assert {"files", "sql"} <= set(SOURCES)


def models_below(annotation: Any, seen: set[type]) -> Iterator[type[BaseModel]]:
    """Return the models that a file is read as, and those in their fields."""
    for part in get_args(annotation):
        yield from models_below(part, seen)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_below(field.annotation, seen)


def test_no_key_of_any_file_reads_a_word_such_as_no_as_true_or_false():
    read = [RuleFile, Subject, SettingsFile, Overrides, Config, Scenario]
    read += [import_module(f"notifiers.{name}").Notifier for name in types_of("notifiers")]
    read += [import_module(f"alerting.sources.{name}").Source for name in types_of("alerting.sources")]
    seen: set[type] = set()

    lax = [
        f"{model.__name__}.{name}"
        for top in read
        for model in models_below(top, seen)
        for name, field in model.model_fields.items()
        if bool in (field.annotation, *get_args(field.annotation)) and Strict() not in field.metadata
    ]

    assert lax == []
    assert {RuleFile, Expected, RuleSetting} <= seen
