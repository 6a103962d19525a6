"""The outbox is emptied: each message is claimed, put into words, sent through its receiver, and what became of it written down.

What became of a message decides what becomes of others: one that cannot be delivered is passed on to whoever may see it
instead, and a receiver that refuses everybody rests. Both are told to administrators once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerting.delivery import failure_notices, telling_acts
from alerting.delivery.attempt import attempt
from alerting.delivery.notifier import Notifier
from alerting.errors import AlertingError
from alerting.formatting import day, plural
from alerting.model import CHANNEL, Delivery, DeliveryReason, Level, Problem, Reach
from alerting.notifications import fallback, last_look
from alerting.notifications.content import Addressee, Notification
from alerting.notifications.last_look import Newest
from alerting.notifications.messages.rendering import Rendered, Words
from alerting.notifications.routing import Receiver, Router, RuleRoute
from alerting.store import newest_directory
from alerting.store.job_leases import is_dead
from alerting.store.messages import circuit_breaker, told
from alerting.store.messages.backoff import LONGEST_WAIT
from alerting.store.messages.claims import ClaimedMessage, ClaimLostError
from alerting.store.messages.outbox import Outbox
from alerting.store.messages.send_hold import Marker
from alerting.store.patience import write_patiently
from alerting.store.store import Transaction

Clock = Callable[[], datetime]
LEASE = timedelta(minutes=10)
"""How long a claim lasts without news: longer than a slow server takes up to the final dot, or after it."""
DEADLINE = timedelta(hours=4)
"""After so long a run sends no more; what is left waits for the next start of `deliveries send` or of a run."""
SLOW_S = 2.0
"""A message that has been under way for longer no longer holds up the others: they go over a second line beside it, and so on."""
_AGAIN_AFTER_S = (0.2, 1.0, 3.0)
"""After a message was accepted there is no better moment to be patient: what is not written down is sent once more."""
_LOOK_EVERY_S = 0.05


class _UnderWay:
    """The messages that are on their way now, and since when: one for each line that is at work.

    By the clock of the machine's own run time, as it is about how long a server takes and not about what day it is.
    """

    def __init__(self) -> None:
        self._begun: dict[int, float] = {}

    @contextmanager
    def one(self) -> Iterator[None]:
        self._begun[threading.get_ident()] = time.monotonic()
        try:
            yield
        finally:
            del self._begun[threading.get_ident()]

    def longest_s(self) -> float | None:
        begun = list(self._begun.values())
        return time.monotonic() - min(begun) if begun else None


@dataclass(kw_only=True)
class Sender:
    """Sends what waits in one outbox."""

    outbox: Outbox
    words: Words
    #: By name, what routing knows of each receiver and the receiver itself.
    receivers: Mapping[str, tuple[Receiver, Notifier]]
    owner: str
    marker: Marker
    #: Who is told of receivers and addresses that fail, and of what people did.
    administrators: Sequence[Addressee] = ()
    lease: timedelta = LEASE
    deadline: timedelta = DEADLINE
    #: What routing needs of each rule, by its id: for messages that were planned by an older directory than the newest.
    routes: Mapping[str, RuleRoute] = field(default_factory=dict)
    slow_s: float = SLOW_S
    _under_way: _UnderWay = field(default_factory=_UnderWay, init=False)
    #: The newest directory, read once: the runs since which it and its list are so, and who answers for what by it.
    _router: tuple[int, int, Router] | None = field(default=None, init=False)

    def send_all(self, clock: Clock, going_on: Callable[[], bool] = lambda: True) -> list[Problem]:
        """Send what waits in the outbox and may be sent now, the most urgent first; return what is wrong with words or receivers.

        Where a receiver takes long over its messages, and takes several at once (`Notifier.at_once`), they go over more lines.

        going_on: asked before each message; the rest waits when it says no, as when the service is told to stop.
        """
        _, unmarked = self.marker.look(clock())
        problems = [Problem(about="the marker", text=why) for why in unmarked]
        begins, ends = clock(), clock() + self.deadline
        self.take_back()
        self._give_up(clock())
        self._tell_acts(clock())
        try:
            problems += self._send_over_lines(clock, lambda: going_on() and clock() < ends)
        finally:
            for name, (_, notifier) in self.receivers.items():
                try:
                    notifier.close()
                except Exception as error:  # noqa: BLE001  (what is sent is sent: no way of leaving may end a run)
                    problem = error.problem if isinstance(error, AlertingError) else type(error).__name__
                    problems.append(_of_receiver(name, problem))
        return list(dict.fromkeys([*problems, *self._resting(), *self._refused_by_us(begins)]))

    def ask(self, receivers: Iterable[Receiver]) -> list[Problem]:
        """Ask those of these receivers that are for persons whether they would take a message; return what is wrong. Nothing is sent."""
        asked = [receiver.name for receiver in receivers if receiver.reach in (Reach.persons, Reach.one_address)]
        return [_of_receiver(name, f"would take no message: {why}") for name in asked for why in self._unwilling(name)]

    def _unwilling(self, name: str) -> list[str]:
        try:
            return self.receivers[name][1].reach()
        except Exception as error:  # noqa: BLE001  (a receiver that breaks down when asked would when it is sent to)
            return [f"it broke down ({type(error).__name__})"]

    # ------------------------------------------------------------------ several lines

    def _send_over_lines(self, clock: Clock, may: Callable[[], bool]) -> list[Problem]:
        lines = {name: notifier.at_once() for name, (_, notifier) in self.receivers.items()}
        most, over = max(lines.values(), default=1), threading.Event()

        def may_beside() -> bool:
            return not over.is_set() and may()

        with ThreadPoolExecutor(max_workers=max(1, most - 1)) as others:
            try:
                beside = [
                    others.submit(
                        self._send_beside, number, {name for name in lines if lines[name] > number}, clock, may_beside, over
                    )
                    for number in range(1, most)
                ]
                problems = self._send_in_turn(clock, may)
                # What ends on another line may leave something to be sent in its stead: now, or once it has ended.
                while self._under_way.longest_s() is not None:
                    time.sleep(_LOOK_EVERY_S)
                    problems += self._send_in_turn(clock, may)
            finally:
                over.set()
        problems += [problem for line in beside for problem in line.result()]
        return problems + self._send_in_turn(clock, may)

    def _send_beside(
        self, number: int, receivers: Collection[str], clock: Clock, may: Callable[[], bool], over: threading.Event
    ) -> list[Problem]:
        """Wait until a message takes long, then send through these receivers as well; the more lines, the longer it waits."""
        problems: list[Problem] = []
        while not over.wait(_LOOK_EVERY_S):
            if (self._under_way.longest_s() or 0) > number * self.slow_s:
                problems += self._send_in_turn(clock, may, receivers)
        return problems

    def _send_in_turn(self, clock: Clock, may: Callable[[], bool], receivers: Collection[str] | None = None) -> list[Problem]:
        problems: list[Problem] = []
        while may():
            with self._under_way.one():
                claimed = self.outbox.claim(self.owner, clock(), self.lease, receivers)
                if claimed is None:
                    break
                problems += self._send(claimed, clock)
        return problems

    def take_back(self) -> None:
        """Let what a process of this machine had claimed that is there no more be sent at once, and not when its lease runs out."""

        def written() -> None:
            with self.outbox.transaction() as connection:
                for owner in self.outbox.owners(connection):
                    if is_dead(owner):
                        self.outbox.let_go(connection, owner)

        write_patiently(written, _AGAIN_AFTER_S)

    def try_again(self, now: datetime) -> None:
        """Let the run that begins try what waits for its time, and receivers that rest."""

        def written() -> None:
            with self.outbox.transaction() as connection:
                self.outbox.try_again(connection, now)

        write_patiently(written, _AGAIN_AFTER_S)

    # ------------------------------------------------------------------ one message

    def _send(self, claimed: ClaimedMessage, clock: Clock) -> tuple[Problem, ...]:
        found = self._receiver_for(claimed, clock())
        if isinstance(found, Delivery):
            self._settle(claimed, found)
            return ()
        receiver, notifier = found
        looked_at = self._look_again(claimed, clock()) if claimed.is_older else claimed
        if looked_at is None:
            return ()
        claimed = looked_at
        rendered = self._rendered(claimed, receiver, notifier)
        if isinstance(rendered, str):
            self._settle(claimed, _without_trying(claimed, clock(), "failed", DeliveryReason.not_rendered, rendered))
            return ()
        try:
            result = attempt(
                rendered.message,
                notifier,
                outbox_id=claimed.id,
                attempts=claimed.attempts,
                handed_over=lambda: write_patiently(lambda: self.outbox.hand_over(claimed, clock()), _AGAIN_AFTER_S),
                now=clock(),
                repeatable=_is_repeatable(claimed, receiver),
            )
        except ClaimLostError:
            # This process slept, and another has sent the message or is about to. Nothing of it has left from here.
            return rendered.problems
        # What a slow server took its time over is waited for from its answer, not from the question.
        waited = clock() - result.at
        result = replace(result, at=clock(), retry_at=result.retry_at + waited if result.retry_at else None)
        self._settle(claimed, _judged(claimed, result))
        return rendered.problems

    def _look_again(self, claimed: ClaimedMessage, now: datetime) -> ClaimedMessage | None:
        """Return a message as it may go by the newest directory and list of restricted records; None where it may not, or not now.

        What others are told in its stead is planned in the same transaction, and what waits is tried again in half an hour.
        """
        found: list[ClaimedMessage | None] = []

        def written() -> None:
            with self.outbox.transaction() as connection:
                newest = self._newest(connection, claimed)
                look = last_look.look_again(claimed.notification, newest) if newest else last_look.WAITS
                self.outbox.add(connection, look.instead, now, planned_by=claimed)
                if look.message is not None:
                    found.append(self.outbox.amend(connection, claimed, look.message, now))
                    return
                reason = look.reason or DeliveryReason.not_theirs
                ended = _without_trying(claimed, now, "deferred" if look.waits else "cancelled", reason)
                retry_at = now + LONGEST_WAIT if look.waits else None
                self.outbox.settle(connection, claimed, replace(ended, retry_at=retry_at))
                circuit_breaker.give_back_trial(connection, claimed.notification.receiver, now)
                self._tell(connection, failure_notices.not_sent(claimed.notification, ended.answer, now.date()), now)
                found.append(None)

        write_patiently(written, _AGAIN_AFTER_S)
        return found[-1]

    def _newest(self, connection: Transaction, claimed: ClaimedMessage) -> Newest | None:
        """Return what is known when a message is about to leave; None where the newest directory cannot be read."""
        if self._router is None or self._router[0] != claimed.newest:
            directory = newest_directory.read(connection)
            if directory is None:
                return None
            self._router = (directory.since, directory.list_since, Router(directory.directory, self.routes))
        _, list_since, router = self._router
        refs = claimed.notification.refs
        return Newest(
            router=router,
            alerts=self.outbox.alerts(connection, refs),
            told=told.who_knows(connection, claimed.notification.receiver, refs),
            other_list=claimed.run_id is None or claimed.run_id < list_since,
        )

    def _receiver_for(self, claimed: ClaimedMessage, now: datetime) -> tuple[Receiver, Notifier] | Delivery:
        """Return the receiver that a message goes to; or, of one that is not sent at all, what becomes of it."""
        name = claimed.notification.receiver
        found = self.receivers.get(name)
        if found is None:
            return _without_trying(claimed, now, "failed", DeliveryReason.no_receiver, name)
        receiver, notifier = found
        if (not_sent := notifier.not_sent()) is not None:
            return _without_trying(claimed, now, "cancelled", DeliveryReason.not_posted, not_sent)
        if claimed.refused:
            since = f"{day(claimed.refused.since.date())}: {claimed.refused.answer}"
            return _without_trying(claimed, now, "failed", DeliveryReason.refused_before, since)
        if claimed.repeated and not _is_repeatable(claimed, receiver):
            return _without_trying(claimed, now, "unknown", DeliveryReason.not_repeated)
        return found

    def _rendered(self, claimed: ClaimedMessage, receiver: Receiver, notifier: Notifier) -> Rendered | str:
        """Return a message in words; or the kind of fault for which that cannot be done."""
        notification = claimed.notification
        try:
            return self.words.render(
                notification,
                ceiling=notifier.ceiling,
                message_id=claimed.message_id,
                planned_at=claimed.planned_at,
                repeated=claimed.repeated,
                channel=notification.recipient.removeprefix("team:") if receiver.teams is not None else None,
            )
        except Exception as error:  # noqa: BLE001  (one message must not stop the others; its text could quote a case)
            return type(error).__name__

    # ------------------------------------------------------------------ what comes of it

    def _settle(self, claimed: ClaimedMessage, result: Delivery) -> None:
        """Write down what became of a message and all that follows from it, as one transaction."""

        def written() -> None:
            with self.outbox.transaction() as connection:
                if self.outbox.settle(connection, claimed, result):
                    self._follow(connection, claimed, result)

        write_patiently(written, _AGAIN_AFTER_S)

    def _follow(self, connection: Transaction, claimed: ClaimedMessage, result: Delivery) -> None:
        notification = claimed.notification
        name, place = notification.receiver, notification.address or notification.recipient
        if result.state == "unknown" and result.reason == DeliveryReason.broke_down:
            told = failure_notices.failed(notification, f"{result.answer}: it may have arrived all the same", result.remedy)
            self._tell(connection, told, result.at)
        if result.state == "accepted":
            circuit_breaker.note_success(connection, name)
            circuit_breaker.forget_refusal(connection, name, place)
        elif result.about in ("line", "sender") and result.state != "failed":
            rests = circuit_breaker.count_refusal(connection, name, result.answer, result.at)
            if rests:
                self._tell(connection, failure_notices.resting(rests, result.remedy), result.at, but=name)
        elif result.state == "failed":
            self.pass_on(connection, claimed, result, place)
        elif result.state == "deferred":
            # It answered, if only to put this one off.
            circuit_breaker.note_success(connection, name)

    def pass_on(self, connection: Transaction, claimed: ClaimedMessage, result: Delivery, place: str) -> None:
        """Plan what is told instead of a message that failed for good, and tell administrators when that is new.

        What `bounces` finds to have come back after it was accepted goes this way too.
        """
        notification = claimed.notification
        if result.about == "message":
            self._tell(connection, failure_notices.failed(notification, result.answer, result.remedy), result.at)
            return
        if result.about in ("address", "sender"):
            circuit_breaker.note_success(connection, notification.receiver)
        newest = self._newest(connection, claimed) if claimed.is_older else None
        instead, nobody = fallback.pass_on(last_look.with_newest_chains(notification, newest) if newest else notification)
        self.outbox.add(connection, instead, result.at, refused=claimed)
        names = [item.name for item in instead]
        if result.about == "one bounce":
            self._tell(connection, failure_notices.came_back(notification, result.answer, names), result.at)
        elif self._remember_refusal(connection, notification.receiver, place, result):
            self._tell(connection, failure_notices.undeliverable(notification, result.answer, result.remedy, names), result.at)
        if nobody:
            self._tell(connection, failure_notices.told_to_nobody(notification, nobody), result.at)

    def _remember_refusal(self, connection: Transaction, receiver: str, place: str, result: Delivery) -> bool:
        """Remember that an address is refused; return whether that is new."""
        ours = result.about == "recipient"
        return result.reason != DeliveryReason.refused_before and circuit_breaker.remember_refusal(
            connection, receiver, place, result.answer, result.at, ours=ours
        )

    def _give_up(self, now: datetime) -> None:
        def written() -> None:
            with self.outbox.transaction() as connection:
                for expired in self.outbox.expire(connection, now):
                    self._tell(connection, failure_notices.expired(expired, now.date()), now)

        write_patiently(written, _AGAIN_AFTER_S)

    def _tell_acts(self, now: datetime) -> None:
        """Plan what is told of what people did since."""
        persons = [name for name, (receiver, _) in self.receivers.items() if receiver.teams is None]

        def written() -> None:
            with self.outbox.transaction() as connection:
                telling_acts.tell_acts(connection, self.outbox, persons, self.administrators, now)

        write_patiently(written, _AGAIN_AFTER_S)

    def _tell(self, connection: Transaction, notice: failure_notices.FaultNotice, now: datetime, but: str | None = None) -> None:
        """Tell administrators through every receiver of persons, and the channels that are told of faults.

        but: the receiver that fails. It gets the notice as well, for when it is back: it may be the only one.
        """
        planned: list[Notification] = []
        for name, (receiver, notifier) in sorted(self.receivers.items(), key=lambda item: item[0] == but):
            team = notifier.fault_channel()
            if receiver.teams is None:
                planned += [notice.to(name, one.id, one.name, one.address, now.date()) for one in self.administrators]
            elif team is not None and team in receiver.teams:
                planned.append(notice.to(name, f"{CHANNEL}{team}", team, None, now.date()))
        self.outbox.add(connection, planned, now)

    def _refused_by_us(self, since: datetime) -> list[Problem]:
        """Return how many addresses each receiver's own settings have refused since a moment."""
        with self.outbox.transaction() as connection:
            refused = [bad for bad in circuit_breaker.refused_addresses(connection) if bad.ours and bad.since >= since]
        return [
            _of_receiver(
                name,
                f"{plural(count, 'address', 'addresses')} may not be written to by its settings; the next manager up is told in "
                "their place. `alerting deliveries refused` lists them",
            )
            for name, count in sorted(Counter(bad.receiver for bad in refused).items())
        ]

    def _resting(self) -> list[Problem]:
        with self.outbox.transaction() as connection:
            return [
                _of_receiver(
                    rests.receiver,
                    f"left alone until {rests.next_at:%H:%M} UTC, as it failed {rests.refusals} times in a row: {rests.answer}",
                )
                for rests in circuit_breaker.resting_receivers(connection).values()
            ]


def _is_repeatable(claimed: ClaimedMessage, receiver: Receiver) -> bool:
    """Return whether a message may be sent again that may have arrived.

    Mail may: it is the duty, and a repeat is known by its Message-ID. A channel cannot tell a repeat from a second card, so
    only what is critical is worth one.
    """
    return receiver.teams is None or claimed.notification.urgency >= Level.critical


def _judged(claimed: ClaimedMessage, result: Delivery) -> Delivery:
    """Take a second refusal of one message, by a receiver that takes others, for its recipient's own."""
    if result.about == "sender" and result.state == "deferred" and claimed.attempts > 1 and claimed.refusals == 0:
        return replace(result, state="failed", reason=DeliveryReason.refused, retry_at=None)
    return result


def _of_receiver(name: str, why: str) -> Problem:
    return Problem(about=f"receiver {name}", text=f"receiver {name}: {why}")


def _without_trying(claimed: ClaimedMessage, now: datetime, state: str, reason: DeliveryReason, detail: str = "") -> Delivery:
    """Return how a message ends that is not even tried."""
    about = "refused before" if reason is DeliveryReason.refused_before else "message"
    return Delivery(
        outbox_id=claimed.id, state=state, phase="claimed", answer=reason.say(detail)[:500], reason=reason, at=now, about=about
    )
