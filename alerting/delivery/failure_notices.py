"""What administrators are told of receivers and addresses that fail: problem, place, remedy, and nothing of a case. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerting.formatting import capital, listed, plural
from alerting.model import Level
from alerting.notifications.content import Notice, NoticeContent, Notification
from alerting.notifications.routing import notification_key
from alerting.store.messages.circuit_breaker import RestingReceiver
from alerting.store.messages.outbox import Expired


@dataclass(frozen=True, kw_only=True)
class FaultNotice:
    """One thing to know about."""

    #: What makes it this one and no other, so that it is told once.
    about: tuple[str, ...]
    title: str
    detail: str
    items: tuple[str, ...] = ()

    def to(self, receiver: str, recipient: str, name: str, address: str | None, as_of: date) -> Notification:
        """Return the message that tells it to one recipient."""
        # Without the day: the same fault on the next day is the same notice.
        key = notification_key("admin", date.min, receiver, recipient, self.about)
        # A receiver's answer begins as it pleases; a sentence does not.
        notice = Notice(title=self.title, detail=capital(self.detail), items=self.items)
        return Notification(
            key=key,
            receiver=receiver,
            purpose="admin",
            recipient=recipient,
            name=name,
            address=address,
            as_of=as_of,
            content=NoticeContent(notices=(notice,)),
            urgency=int(Level.red),
        )


def resting(rests: RestingReceiver, remedy: str) -> FaultNotice:
    """Tell that a receiver is left alone for a while."""
    detail = (
        f"{rests.answer}. {remedy} It failed {rests.refusals} times in a row and is left alone for a while: its messages wait, "
        "none of them is lost, and one is tried every few minutes, at the latest every half hour. "
        "`alerting deliveries send --now` tries at once."
    )
    return FaultNotice(
        about=("resting", rests.receiver, rests.opened_at.isoformat()),
        title=f"The receiver {rests.receiver} cannot be used",
        detail=" ".join(detail.split()),
    )


def undeliverable(notification: Notification, answer: str, remedy: str, instead: Sequence[str]) -> FaultNotice:
    """Tell that nothing can be delivered to somebody, or to a channel."""
    if notification.address is None:
        title = f"The channel of {notification.name} takes no cards"
        then = "Each manager's own message is not affected."
    else:
        title = f"Messages to {notification.name} cannot be delivered"
        told = f"It was passed on to {listed(list(instead))}. " if instead else ""
        then = f"{told}Theirs go to the next manager up who may see them, until the staff list has another address."
    about = ("undeliverable", notification.address or notification.recipient, answer, notification.as_of.isoformat())
    return FaultNotice(about=about, title=title, detail=" ".join(f"{answer}. {remedy} {then}".split()))


def came_back(notification: Notification, answer: str, instead: Sequence[str]) -> FaultNotice:
    """Tell that one message to somebody came back: the next is tried, as one bounce proves little."""
    told = f"It was passed on to {listed(list(instead))}. " if instead else ""
    detail = (
        f"{answer}. {told}The next message is sent to the same address; where that comes back too, theirs go to the next manager up "
        "until the staff list has another. Correct the address in the staff list, or ask the mail team."
    )
    about = ("came back", notification.address or notification.recipient, answer, notification.as_of.isoformat())
    return FaultNotice(about=about, title=f"A message to {notification.name} came back", detail=detail)


def told_to_nobody(notification: Notification, alerts: Sequence[str]) -> FaultNotice:
    """Tell that alerts could be told neither to somebody nor to anybody in their stead."""
    detail = (
        f"{plural(len(alerts), 'alert')} for {notification.name} could not be delivered, and there is nobody above them who may "
        "see them and has an address. They are told as new as soon as somebody can be reached: put the staff list or the "
        "address right."
    )
    about = ("nobody", notification.receiver, notification.recipient, _week(notification.as_of))
    return FaultNotice(about=about, title="Alerts that nobody could be told of", detail=detail)


def failed(notification: Notification, answer: str, remedy: str) -> FaultNotice:
    """Tell that one message came to nothing for a reason of its own."""
    detail = f"{answer}. {remedy} What stands in it is told as new by the next run."
    about = ("failed", notification.receiver, notification.recipient, notification.purpose, answer, _week(notification.as_of))
    title = f"The {notification.purpose} message to {notification.name} could not be sent"
    return FaultNotice(about=about, title=title, detail=" ".join(detail.split()))


def expired(expired: Expired, on: date) -> FaultNotice:
    """Tell that messages were given up because their time had passed."""
    return FaultNotice(
        about=("expired", expired.receiver, on.isoformat()),
        title=f"{plural(expired.count, 'message')} could not be delivered in time",
        detail=(
            f"The receiver {expired.receiver} did not take them on their day. What stands in them is told as new by the next run, "
            "with the day on which it was first seen. `alerting deliveries list --state cancelled` shows why."
        ),
    )


def not_sent(notification: Notification, why: str, on: date) -> FaultNotice:
    """Tell that a message did not go out, as whom it was for may not be told it by what is known now; once a day."""
    return FaultNotice(
        about=("not sent", notification.purpose, why, on.isoformat()),
        title="Messages were not sent, as the directory or the list of restricted records has changed",
        detail=f"A {notification.purpose} message: {why}. `alerting deliveries list` shows which, and what became of them.",
    )


def _week(day: date) -> str:
    """Return a day's week, for what is told once a week while it lasts."""
    year, week, _ = day.isocalendar()
    return f"{year}-{week}"
