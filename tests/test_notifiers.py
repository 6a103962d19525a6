"""What every notifier promises. The modules are found, not listed: a new one is held to this by being there."""

from __future__ import annotations

import ast
import atexit
import importlib
import importlib.util
import inspect
import io
import logging
import pkgutil
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from pytest_httpserver import HTTPServer

import notifiers
from alerting.delivery.notifier import Notifier
from alerting.errors import DeliveryError
from alerting.model import Message, Tier
from tests.messages import CARD, channel_message, mail_message
from tests.servers import closed_port, scripted_mail_server

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "add-a-notifier.md"


def notifier_of_the_docs() -> ModuleType:
    """Return the notifier of the page for those who add one as a module: what is shown there keeps what is promised there."""
    [written] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    file = Path(tempfile.mkdtemp(prefix="notifier-of-the-docs-")) / "sms.py"
    atexit.register(shutil.rmtree, file.parent)
    file.write_text(written, "utf-8")
    spec = importlib.util.spec_from_file_location("docs.sms", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MODULES = [
    *(importlib.import_module(f"notifiers.{found.name}") for found in pkgutil.iter_modules(notifiers.__path__)),
    notifier_of_the_docs(),
]
MAY_KNOW = {
    "alerting.delivery.notifier",
    "alerting.model",
    "alerting.errors",
    "alerting.mailboxes",
    "alerting.mails",
    "alerting.private_files",
}
PRIVATE = ("Brennan", "aoife", "P1042", "3 new, 9 open")

every = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def name_of(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def settings(module: ModuleType, **values: Any) -> dict[str, Any]:
    """Return the least that a receiver needs, from the examples of its required fields, with values by the name of a field."""
    fields = module.Notifier.model_fields
    least = {field.alias or name: field.examples[0] for name, field in fields.items() if field.is_required()}
    return {"type": name_of(module), **least, **{name: value for name, value in values.items() if name in fields}}


# What a receiver needs to reach a server on this machine that has no certificate, and at once.
HERE = {"host": "127.0.0.1", "security": "none", "hosts": ["127.0.0.1"], "seconds_between_cards": 0}


def settings_to_reach(module: ModuleType, *, mail: int, web: int, folder: Path) -> dict[str, Any]:
    """Return a receiver's settings, with each place of its examples on this machine: an address on the web, a host, a folder."""
    fields = module.Notifier.model_fields.items()
    paths = {field.alias or name: folder for name, field in fields if field.annotation is Path and field.is_required()}
    return _put_on_this_machine(settings(module, **HERE, port=mail), web) | paths


def _put_on_this_machine(value: Any, web: int) -> Any:
    if isinstance(value, dict):
        return {name: _put_on_this_machine(each, web) for name, each in value.items()}
    if isinstance(value, list):
        return [_put_on_this_machine(each, web) for each in value]
    if isinstance(value, str) and re.match(r"https?://", value):
        return f"http://127.0.0.1:{web}/T1?sig=made-up"
    return value


def reaches_channels(module: ModuleType) -> bool:
    notifier: Notifier = module.Notifier.model_validate(settings(module))
    return notifier.teams_reached() is not None


def a_message(module: ModuleType, **changes: Any) -> Message:
    return channel_message(**changes) if reaches_channels(module) else mail_message(**changes)


class World:
    """A mail server, a web server, a folder and a terminal, and how much has arrived at them in all."""

    def __init__(self, relay: Any, flow: HTTPServer, folder: Path, printed: Callable[[], str]) -> None:
        self._relay, self._flow, self._folder, self._printed, self._shown = relay, flow, folder, printed, ""

    def settings(self, module: ModuleType) -> dict[str, Any]:
        return settings_to_reach(module, mail=self._relay.port, web=self._flow.port, folder=self._folder)

    def arrived(self) -> int:
        self._shown += self._printed()
        files = {file.stem for file in self._folder.glob("*-*.*")}
        return len(self._relay.accepted) + len(self._flow.log) + len(files) + self._shown.count("Subject: ")


@pytest.fixture(scope="module")
def flow() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def world(flow, tmp_path, capsys) -> Iterator[World]:
    flow.clear()
    flow.expect_request("/T1", method="POST").respond_with_data(status=202)
    with scripted_mail_server() as relay:
        yield World(relay, flow, tmp_path / "outbox", lambda: capsys.readouterr().out)


@pytest.fixture
def receiver(world) -> Iterator[Callable[[ModuleType], Any]]:
    """Make a receiver that reaches the world, and close it in the end."""
    made: list[Notifier] = []

    def make(module: ModuleType) -> Any:
        made.append(module.Notifier.model_validate(world.settings(module)))
        return made[-1]

    yield make
    for notifier in made:
        notifier.close()


# The settings


@every
def test_a_notifier_is_found_by_its_type_and_is_its_own_settings(module):
    notifier = module.Notifier.model_validate(settings(module))

    assert isinstance(notifier, BaseModel)
    assert isinstance(notifier, Notifier)
    assert notifier.type == name_of(module)
    with pytest.raises(ValidationError, match=r"type"):
        module.Notifier.model_validate(settings(module) | {"type": "carrier-pigeon"})


@every
@pytest.mark.parametrize("act", [name for name in vars(Notifier) if not name.startswith("_")])
def test_a_notifier_acts_as_the_protocol_says(module, act):
    assert inspect.signature(getattr(module.Notifier, act)) == inspect.signature(getattr(Notifier, act))


@every
def test_a_notifier_says_whom_it_reaches(module):
    notifier = module.Notifier.model_validate(settings(module))

    channels = settings(module).get("channels")
    assert notifier.teams_reached() == (frozenset(channels) if channels else None)


@every
def test_details_of_a_case_are_shown_only_where_somebody_has_said_so(module):
    assert module.Notifier.model_validate(settings(module)).ceiling < Tier.detail


@every
@pytest.mark.parametrize("tier", list(Tier))
def test_a_ceiling_is_written_by_its_name(module, tier):
    assert module.Notifier.model_validate(settings(module) | {"ceiling": tier.name}).ceiling is tier


@every
@pytest.mark.parametrize("wrong", ["everything", 2, None])
def test_a_ceiling_that_is_none_is_told_with_the_choices(module, wrong):
    with pytest.raises(ValidationError, match="a ceiling is one of counts, reference, detail"):
        module.Notifier.model_validate(settings(module) | {"ceiling": wrong})


@every
def test_a_setting_that_does_not_exist_is_told_without_its_value(module):
    with pytest.raises(ValidationError, match="pasword") as caught:
        module.Notifier.model_validate(settings(module) | {"pasword": "made-up-secret"})

    assert "made-up-secret" not in str(caught.value)


@every
def test_settings_cannot_be_changed_once_read(module):
    notifier = module.Notifier.model_validate(settings(module))

    with pytest.raises(ValidationError, match="frozen"):
        notifier.ceiling = Tier.detail


@every
def test_what_is_secret_is_never_printed(module):
    secrets = {name for name in module.Notifier.model_fields if name in {"user", "password", "token", "key", "channels"}}

    for name in secrets:
        assert SecretStr.__name__ in str(module.Notifier.model_fields[name].annotation)


@every
def test_settings_can_be_checked_without_sending(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notifier = module.Notifier.model_validate(settings(module, domains=["exampleshire.gov.uk"]))

    assert notifier.check() == []
    assert list(tmp_path.iterdir()) == []


@every
def test_a_notifier_knows_the_line_by_few_modules_and_no_other_notifier(module):
    file = Path(str(module.__file__))
    files = sorted(file.parent.glob("*.py")) if file.name == "__init__.py" else [file]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    froms = [node for node in imports if not f"{node.module}.".startswith(f"{module.__name__}.")]
    packages = {"alerting", "alerting.delivery"}
    known = {node.module for node in froms if node.module not in packages}
    known |= {f"{node.module}.{alias.name}" for node in froms if node.module in packages for alias in node.names}
    known |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}

    assert {name for name in known if name and name.split(".")[0] in {"alerting", "notifiers", "tests"}} <= MAY_KNOW


# Sending


@every
def test_a_message_arrives_once_and_neither_answer_nor_log_gives_anybody_away(module, receiver, world, caplog):
    caplog.set_level(logging.DEBUG)

    answer = receiver(module).send(a_message(module), lambda: None)

    assert world.arrived() == 1
    assert 0 < len(answer) <= 200
    assert not [word for word in PRIVATE if word in answer or word in caplog.text]


@every
def test_the_hand_over_is_told_once_and_before_the_message_arrives(module, receiver, world):
    arrived_by_then: list[int] = []

    receiver(module).send(a_message(module), lambda: arrived_by_then.append(world.arrived()))

    assert arrived_by_then == [0]


@every
def test_a_hand_over_that_may_not_be_stops_the_message(module, receiver, world):
    def lease_was_lost() -> None:
        raise RuntimeError("the lease was lost")

    with pytest.raises(RuntimeError, match="the lease was lost"):
        receiver(module).send(a_message(module), lease_was_lost)

    assert world.arrived() == 0


@every
def test_many_messages_go_through_one_receiver(module, receiver, world):
    notifier = receiver(module)

    for number in range(5):
        notifier.send(a_message(module, key=f"{number}"), lambda: None)

    assert world.arrived() == 5


@every
def test_no_character_in_the_data_stops_a_message(module, receiver, world):
    hostile = "Zoë\r\nBcc: x@evil.example\x00\x1b[2J\u202e\ud800\U0001f600 <script>&amp; " + "x" * 1200
    card = replace(CARD, title=hostile, summary=hostile, rows=((hostile, "1", "2", "3"),), footer=hostile)
    words = {"to_name": hostile, "subject": hostile, "text": hostile, "html": hostile}

    receiver(module).send(a_message(module, **words, **({"card": card} if reaches_channels(module) else {})), lambda: None)

    assert world.arrived() == 1


@every
def test_a_message_that_cannot_be_sent_says_why_and_gives_nobody_away(module, tmp_path, monkeypatch):
    (tmp_path / "outbox").write_text("in the way")
    nowhere = settings_to_reach(module, mail=closed_port(), web=closed_port(), folder=tmp_path / "outbox")
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    notifier = module.Notifier.model_validate(nowhere)

    with pytest.raises(DeliveryError) as caught:
        notifier.send(a_message(module), lambda: None)

    assert caught.value.where
    assert not [word for word in PRIVATE if word in str(caught.value)]
    # A chained error is printed too, and those of libraries carry addresses.
    assert caught.value.__suppress_context__


@every
def test_a_receiver_can_be_closed_at_any_time_and_used_again(module, receiver, world):
    notifier = receiver(module)

    notifier.close()
    notifier.close()
    notifier.send(a_message(module, key="1"), lambda: None)
    notifier.close()
    notifier.send(a_message(module, key="2"), lambda: None)

    assert world.arrived() == 2
