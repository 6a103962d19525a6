"""The outbox is emptied: each message is claimed, put into words, sent through its receiver, and what became of it written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerting.delivery import Notifier, attempt
from alerting.errors import AlertingError
from alerting.hold_fire import Marker
from alerting.model import Delivery
from alerting.outbox import Outbox, Waiting
from alerting.rendering import Words
from alerting.routing import Receiver

Clock = Callable[[], datetime]
LEASE = timedelta(minutes=30)


@dataclass(kw_only=True)
class Sender:
    """Sends what waits in one outbox. receivers: by name, what routing knows of each and the receiver itself."""

    outbox: Outbox
    words: Words
    receivers: Mapping[str, tuple[Receiver, Notifier]]
    owner: str
    marker: Marker

    def send_all(self, clock: Clock, going_on: Callable[[], bool] = lambda: True) -> list[str]:
        """Send what waits in the outbox and may be sent now, the most urgent first; give what is wrong with rules' words or receivers.

        going_on: asked before each message; the rest waits when it says no, as when the service is told to stop.
        """
        _, problems = self.marker.look(clock())
        try:
            while going_on() and (waiting := self.outbox.claim(self.owner, clock(), LEASE)) is not None:
                problems += [problem for problem in self._send(waiting, clock) if problem not in problems]
        finally:
            for name, (_, notifier) in self.receivers.items():
                try:
                    notifier.close()
                except AlertingError as error:
                    problems.append(f"receiver {name}: {error.problem}")
        return problems

    def _send(self, waiting: Waiting, clock: Clock) -> tuple[str, ...]:
        notification = waiting.notification
        if notification.receiver not in self.receivers:
            answer = f"there is no receiver '{notification.receiver}' any more"
            gone = Delivery(outbox_id=waiting.id, state="failed", phase="claimed", answer=answer, at=clock())
            self.outbox.settle(waiting, gone)
            return ()
        receiver, notifier = self.receivers[notification.receiver]
        not_sent = getattr(notifier, "not_sent", None)
        if not_sent:
            self.outbox.settle(
                waiting, Delivery(outbox_id=waiting.id, state="cancelled", phase="claimed", answer=not_sent, at=clock())
            )
            return ()
        try:
            rendered = self.words.render(
                notification,
                ceiling=notifier.ceiling,
                message_id=waiting.message_id,
                planned_at=waiting.planned_at,
                repeated=waiting.repeated,
                channel=notification.recipient.removeprefix("team:") if receiver.teams is not None else None,
            )
        except Exception as error:  # noqa: BLE001  (one message must not stop the others; its text could quote a case)
            answer = f"the message could not be put into words ({type(error).__name__})"
            self.outbox.settle(
                waiting, Delivery(outbox_id=waiting.id, state="failed", phase="claimed", answer=answer, at=clock())
            )
            return ()
        result = attempt(
            rendered.message,
            notifier,
            outbox_id=waiting.id,
            attempts=waiting.attempts,
            handed_over=lambda: self.outbox.hand_over(waiting.id, clock()),
            now=clock(),
        )
        self.outbox.settle(waiting, result)
        return rendered.problems
