"""Messages on the terminal, as plain text: to look at, and to pipe onwards."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from alerting.delivery import notifier
from alerting.delivery.notifier import Ceiling
from alerting.errors import DeliveryError
from alerting.model import Message, Tier

# A terminal obeys control characters; a name in the data must not move its cursor or write into its title.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Notifier(BaseModel, notifier.Notifier):
    """Standard output. Whoever can see the terminal can read the messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["console"] = "console"
    ceiling: Ceiling = Tier.reference

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Print one message. Characters that the terminal cannot show are replaced; none can steer it.

        Raises DeliveryError, ambiguous, where the output is closed or full.
        """
        written = _written(message)
        encoding = sys.stdout.encoding or "utf-8"
        handed_over()
        try:
            sys.stdout.write(written.encode(encoding, "replace").decode(encoding) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            raise DeliveryError("the output is closed or full", passing=False, ambiguous=True, where="console") from None
        return "printed"

    def only_keeps(self) -> bool:
        """Return that nobody need be there to read it."""
        return True


def _written(message: Message) -> str:
    to = f"{message.to_name} <{message.to_address}>" if message.to_address else message.to_name
    head = [("To", to), ("Date", message.date.strftime("%a %d %b %Y %H:%M")), ("Subject", message.subject)]
    if message.channel is not None:
        head.insert(1, ("Channel of", message.channel))
    lines = [f"{name}: {' '.join(_printable(value).split())}" for name, value in head]
    lines += ["", _printable(message.text).rstrip(), ""]
    for attached in message.attachments:
        lines += [f"{_printable(attached.name)}:", "", _printable(attached.content.decode("utf-8-sig", "replace")).rstrip(), ""]
    return "\n".join([*lines, "-" * 72])


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
