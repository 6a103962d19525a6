"""Bugs that a killed process can be given, so that whoever judges such processes can show that they are seen.

Each is planted in one process by name, in place of what the service does there: the service itself knows nothing of it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from alerting.model import Message
from alerting.notifications.messages.rendering import Words
from alerting.notifications.routing import Router
from alerting.store.messages.outbox import Outbox

CHILD = re.compile(r"P?C\d+\b")
SOMEBODY_ELSE = "w1@example.gov.uk"


def _sent(change: Callable[[Message], Sequence[Message]]) -> Callable[[], None]:
    """Plant that in the place of each message some others are sent."""

    def plant() -> None:
        notifier: Any = importlib.import_module("notifiers.email").Notifier
        send = notifier.send

        def sent(self: Any, message: Message, handed_over: Callable[[], None]) -> str:
            given = "250 2.0.0 Ok"
            for number, other in enumerate(change(message)):
                given = send(self, other, handed_over if number == 0 else lambda: None)
            return given

        notifier.send = sent

    return plant


def _instead(owner: Any, name: str, put: Callable[..., Any]) -> Callable[[], None]:
    """Plant something in the place of a call; what is put there gets the call, and its arguments."""

    def plant() -> None:
        call = getattr(owner, name)
        setattr(owner, name, lambda *given, **named: put(call, *given, **named))

    return plant


def _of_repeats(change: Callable[[Message], Sequence[Message]]) -> Callable[[], None]:
    return _sent(lambda message: change(message) if message.repeated else [message])


def _no_children(text: str) -> str:
    return CHILD.sub("", text)


def _one_fewer(message: Message) -> Message:
    """Return a message whose second child is called by the first one's name."""
    first, *others = dict.fromkeys(found[0] for found in CHILD.finditer(message.text)) or [""]
    text, html = message.text, message.html
    for other in others[:1]:
        text, html = text.replace(other, first), html.replace(other, first)
    return replace(message, text=text, html=html)


def _written_before_sent(call: Any, outbox: Outbox, claimed: Any, now: Any) -> None:
    """Note a message as accepted when it is handed over."""
    call(outbox, claimed, now)
    with outbox.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE outbox SET state = 'accepted' WHERE id = {int(claimed.id)}")


BUGS: dict[str, Callable[[], None]] = {
    "repeats do not say so": _instead(Words, "render", lambda call, *given, **named: call(*given, **named | {"repeated": False})),
    "every message says that it is a repeat": _instead(
        Words, "render", lambda call, *given, **named: call(*given, **named | {"repeated": True})
    ),
    "a repeat goes out five times": _of_repeats(lambda message: [message] * 5),
    "a repeat has no items": _of_repeats(
        lambda message: [replace(message, text=_no_children(message.text), html=_no_children(message.html))]
    ),
    "a repeat goes to somebody else": _of_repeats(lambda message: [replace(message, to_address=SOMEBODY_ELSE)]),
    "a repeat has an id of its own": _of_repeats(
        lambda message: [replace(message, message_id=f"<again.{message.message_id[1:]}")]
    ),
    "a repeat is not sent": _of_repeats(lambda _: []),
    "all messages are empty": _sent(lambda message: [replace(message, text="", html="")]),
    "the HTML part is empty": _sent(lambda message: [replace(message, html="<p></p>")]),
    "one message is somebody else's": _sent(
        lambda message: [
            replace(message, to_address=SOMEBODY_ELSE if message.to_address == "tm10@example.gov.uk" else message.to_address)
        ]
    ),
    "the second child of a message is left out": _sent(lambda message: [_one_fewer(message)]),
    "a limited record is told as any other": _instead(Router, "confined_to", lambda *_: None),
    "what was handed over counts as accepted": _instead(Outbox, "hand_over", _written_before_sent),
    "what a dead sender had claimed is left": _instead(Outbox, "let_go", lambda *_: None),
}
"""What each does, by what goes wrong."""
