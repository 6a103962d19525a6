"""A receiver in the moods of a relay: it takes, is not reached, puts off, or never answers, whether it took the message or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from alerting.delivery.notifier import Notifier
from alerting.errors import DeliveryError
from alerting.model import Message, Tier


@dataclass
class Receiver(Notifier):
    """Where the messages go."""

    #: well, down (not reached), later (put off), silent (takes it and never answers) or deaf (gets nothing and never answers)
    mode: str = "well"
    #: The address that it takes nothing for.
    refuses: str | None = None
    #: All that arrived, in order.
    taken: list[Message] = field(default_factory=list)
    in_doubt: Counter[str] = field(default_factory=Counter)
    ceiling: Tier = Tier.reference
    #: What looks at each message as it arrives.
    seen: Callable[[Message], None] = lambda _: None

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        if self.mode == "down":
            raise DeliveryError("nobody answers", passing=True, about="line")
        if message.to_address == self.refuses:
            raise DeliveryError("550 no such mailbox", passing=False, about="address")
        if self.mode == "later":
            raise DeliveryError("451 later", passing=True)
        handed_over()
        if self.mode != "deaf":
            self.taken.append(message)
            self.seen(message)
        if self.mode in ("silent", "deaf"):
            self.in_doubt[message.message_id] += 1
            raise DeliveryError("no answer", passing=True, ambiguous=True)
        return "250 2.0.0 Ok"
