"""The secrets of config.yaml: a value that is wholly `${env:NAME}`, `${file:PATH}` or `${keyring:service/name}` is looked up there.

They are put in after the file has been read, so that a secret cannot change the file's shape. A password that stands in the file itself is a fault.
"""

from __future__ import annotations

import importlib
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alerting.database_address import has_password
from alerting.documents.document import Document, KeyPath
from alerting.errors import ConfigError, Fault

_SECRET = re.compile(r"^\$\{(env|file|keyring):([^}]+)\}$")
_PASSWORDS = ("password", "passwd", "pwd", "passphrase", "secret", "client_secret", "token", "api_key", "apikey")


def with_secrets(value: Any, document: Document, path: KeyPath, folder: Path) -> Any:
    """Return a value of config.yaml with its secrets put in; what is wrong with one stands in the document's faults."""
    if isinstance(value, Mapping):
        return {key: with_secrets(item, document, (*path, key), folder) for key, item in value.items()}
    if isinstance(value, list):
        return [with_secrets(item, document, (*path, index), folder) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if "${" not in value:
        document.faults += _plain_text_faults(value, document, path)
        return value
    found = _SECRET.match(value)
    if not found:
        remedy = "Write ${env:NAME}, ${file:PATH} or ${keyring:service/name} as the whole value."
        document.faults.append(
            Fault(problem="this is not a secret that can be looked up", where=document.place(path), remedy=remedy)
        )
        return value
    try:
        return _secret(found[1], found[2], folder)
    except ConfigError as error:
        document.faults.append(Fault(problem=error.problem, where=document.place(path), remedy=error.remedy))
        return value


def looked_up(value: str, folder: Path) -> str | None:
    """Return the secret that a value stands for, `${env:NAME}` and the like; None where it stands for itself. Raises ConfigError."""
    found = _SECRET.match(value)
    return _secret(found[1], found[2], folder) if found else None


def _plain_text_faults(value: str, document: Document, path: KeyPath) -> list[Fault]:
    """Return what a text that stands in config.yaml itself may not be: a password."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    faults = []
    if value and path[:1] != ("rules",) and (name.lower() in _PASSWORDS or has_password(value)):
        problem = "a password stands in this file"
        remedy = (
            "Put it, or the whole address that it is part of, into a file that only the service may read, and write "
            "${file:PATH} here; or ${env:NAME}."
        )
        faults.append(Fault(problem=problem, where=document.place(path), remedy=remedy))
    return faults


def _secret(kind: str, name: str, folder: Path) -> str:
    """Return a secret: its text, without the mark of its encoding and the line end that an editor puts around it."""
    found = _look_up(kind, name, folder)
    if any(unicodedata.category(letter) == "Cs" for letter in found):
        raise ConfigError(f"what stands in {kind}:{name} is not UTF-8 text", remedy="Save it as UTF-8.")
    secret = found.removeprefix("\ufeff").rstrip("\r\n")
    if odd := control_character(re.sub(r"[\t\r\n]", "", secret)):
        raise ConfigError(f"what stands in {kind}:{name} {odd}", remedy="Write it anew, as UTF-8 text.")
    if not secret:
        raise ConfigError(f"nothing stands in {kind}:{name}", remedy="Write the secret into it.")
    return secret


def _look_up(kind: str, name: str, folder: Path) -> str:
    if kind == "env":
        if name not in os.environ:
            raise ConfigError(f"the environment variable {name} is not set", remedy="Set it where the service runs.")
        return os.environ[name]
    if kind == "file":
        try:
            return (folder / name).read_bytes().decode("utf-8")
        except OSError as error:
            raise ConfigError(
                f"the secret file {name} cannot be read ({error.strerror})", remedy="Check its path and rights."
            ) from None
        except UnicodeDecodeError:
            raise ConfigError(f"the secret file {name} is not UTF-8 text", remedy="Save it as UTF-8.") from None
        except ValueError:
            raise ConfigError("the path of a secret file holds a character that no path can", remedy="Check it.") from None
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise ConfigError(
            "the package keyring is not installed", remedy="Install it, or use ${env:NAME} or ${file:PATH}."
        ) from None
    service, _, entry = name.partition("/")
    try:
        secret = keyring.get_password(service, entry)
    except Exception as error:  # noqa: BLE001  (each of its backends has its own, whose words may quote what it holds)
        problem = f"the keyring cannot be asked ({type(error).__name__})"
        raise ConfigError(problem, remedy="Unlock it for the service's account.") from None
    if secret is None:
        raise ConfigError(f"the keyring has no {name}", remedy="Add it for the account that the service runs under.")
    return str(secret)


def control_character(text: str) -> str | None:
    """Return that a text holds a control character, and which; None where it holds none."""
    odd = next((letter for letter in text if unicodedata.category(letter) == "Cc"), None)
    return None if odd is None else f"holds a control character (U+{ord(odd):04X})"
