"""Messages posted to the address of a Workflows flow.

The flow answers before it posts, so an answer of 202 means accepted and never delivered. The address of a flow is its
password: it stands in no error and, with its query, in no log. A flow has no way to recognise a repeat.
"""

from __future__ import annotations

import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
)

from alerting.delivery import notifier
from alerting.delivery.notifier import Ceiling
from alerting.errors import DeliveryError
from alerting.model import Message, Tier
from notifiers.teams.cards import TOO_LARGE, Mentioned, posted

if TYPE_CHECKING:
    import requests

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_RETIRED = ("logic.azure.com", "webhook.office.com")
_QUERY = re.compile(r"\?\S*")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_BUSY = frozenset({429, 503})
"""Not 500, 502 and 504: the card may have been posted, and a flow has no way to recognise a repeat."""
_BETWEEN = frozenset({407, 511})
"""A proxy, or a network, that wants a sign-in."""
_ENOUGH = 65_536
"""Bytes of an answer that are looked at."""
_ERROR_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{2,59}")

_REMEDIES = {
    400: "The flow does not take cards: make it again from the template that posts to a channel when a webhook is received.",
    401: "Copy the flow's address again, whole; it carries its own signature.",
    403: "Copy the flow's address again, whole, and let anyone trigger the flow: it knows callers by the address alone.",
    404: "The flow is gone or switched off; its owner may have left. Make it again under a service account.",
    410: "The flow is gone or switched off; its owner may have left. Make it again under a service account.",
    413: TOO_LARGE,
}


class Notifier(BaseModel, notifier.Notifier):
    """The channels that can be reached.

    channels: the flow's address by team id. hosts: where an address may lead, `*` for any one part or more.
    Plain http is for a host of this machine that `hosts` names. seconds_between_cards: for each address, as Teams asks.
    tries: how often in all where the flow is busy; retry_after_max_s: the longest wait between two, whatever it asks for.
    faults_to: the team whose channel is told when another receiver fails, as administrators are.
    mentions: by team id, whom the card of a day names, so that Teams tells them of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["teams"] = "teams"
    ceiling: Ceiling = Tier.counts
    channels: dict[str, SecretStr] = Field(
        examples=[{"T1": "https://flow.environment.api.powerplatform.com/workflows/1?sig=made-up"}]
    )
    hosts: tuple[str, ...] = ("*.powerplatform.com",)
    timeout_s: float = Field(default=30, gt=0)
    tries: int = Field(default=4, ge=1, le=10)
    retry_after_max_s: int = Field(default=60, ge=1)
    seconds_between_cards: float = Field(default=1, ge=0)
    faults_to: str | None = None
    mentions: dict[str, Mentioned] = {}

    _session: requests.Session | None = PrivateAttr(None)
    _next_post: dict[str, float] = PrivateAttr(default_factory=dict)
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def teams_reached(self) -> frozenset[str] | None:
        """Return the ids of the teams that have a channel here."""
        return frozenset(self.channels)

    def fault_channel(self) -> str | None:
        """Return the team whose channel is told when another receiver fails."""
        return self.faults_to

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Post one card to its team's channel and say that it was accepted.

        Raises DeliveryError: passing for 429, 503 and whatever keeps the card from leaving; ambiguous where an answer failed
        to come, a gateway gave it, or it is none that a flow gives; the sender's where something on the way answered, such as
        a proxy; lasting for a team without a channel, an address that may not be used, a card that is too large, and every
        other answer. More rows than one card takes are several cards of the one message.
        """
        address, where = self._address(message), f"teams channel of {message.channel}"
        # A mention is a push to a telephone: what is no news of a day needs none.
        mentioned = self.mentions.get(message.channel or "") if message.purpose == "daily" else None
        body = _Body(posted(message, mentioned), handed_over)
        self._wait_for_turn(address)
        for number in range(1, self.tries + 1):
            body.seek(0)
            answer = self._post(address, body, where)
            if answer.code not in _BUSY or number == self.tries:
                break
            time.sleep(min(answer.asks_to_wait_s or 0.25 * 2**number, self.retry_after_max_s))
        return _accepted(answer, where)

    def check(self) -> list[str]:
        """Return which channels have an address that cannot be used or may not last, and whether too much is shown."""
        found = [f"channel of {team}: {problem}" for team in sorted(self.channels) if (problem := self._problem(team))]
        found += [
            f"channel of {team}: its address is of a kind that Microsoft has retired; copy the flow's new address"
            for team in sorted(self.channels)
            if (self._parts(team).hostname or "").endswith(_RETIRED)
        ]
        if self.ceiling > Tier.counts:
            found.append(f"ceiling is {self.ceiling.name}: everybody in a channel reads it, so counts is what it should show")
        if self.faults_to is not None and self.faults_to not in self.channels:
            found.append(f"faults_to: team {self.faults_to} has no channel")
        found += [f"mentions: team {team} has no channel" for team in sorted(self.mentions.keys() - self.channels.keys())]
        if not self.channels:
            found.append("there are no channels, so nothing can be sent")
        return found

    def reach(self) -> list[str]:
        """Ask each flow's host for the flow's address without posting: a flow that is gone says so, a living one refuses."""
        problems = []
        for team, address in sorted(self.channels.items()):
            if self._problem(team):
                continue
            try:
                url = address.get_secret_value().strip()
                answer = self._opened().get(url, timeout=self.timeout_s, allow_redirects=False, stream=True)
                answer.close()
            except Exception as error:  # noqa: BLE001  (a proxy or a file of certificates that is not there raises what it likes)
                # Not its words: they carry the whole address.
                problems.append(
                    ". ".join(
                        filter(None, [f"the flow for team {team}: {_kept_from_leaving(error)[0]}", _kept_from_leaving(error)[1]])
                    )
                )
                continue
            if answer.status_code in (404, 410):
                problems.append(f"the flow for team {team} answered {answer.status_code}. {_REMEDIES[answer.status_code]}")
        return problems

    def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _address(self, message: Message) -> str:
        team = message.channel
        if team is None:
            raise DeliveryError("the message is for a person, and this receiver reaches channels", passing=False, where="teams")
        if team not in self.channels:
            raise DeliveryError(
                f"team {team} has no channel",
                passing=False,
                about="recipient",
                where="teams",
                remedy=f"Add the address of its flow under channels: {team}, or send its news by mail.",
            )
        if problem := self._problem(team):
            raise DeliveryError(
                problem,
                passing=False,
                about="recipient",
                where=f"teams channel of {team}",
                remedy="Copy the flow's address again.",
            )
        return self.channels[team].get_secret_value()

    def _problem(self, team: str) -> str | None:
        """Return what is wrong with a team's address without showing it."""
        parts = self._parts(team)
        host = parts.hostname or ""
        if not host or "@" in parts.netloc or "\\" in self.channels[team].get_secret_value():
            return "its address is not an address"
        if not any(fnmatchcase(host, pattern.lower()) for pattern in self.hosts):
            return f"its address leads to {host}, which is not among hosts"
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK and host in self.hosts):
            return "its address does not start with https"
        return None

    def _parts(self, team: str) -> SplitResult:
        try:
            return urlsplit(self.channels[team].get_secret_value().strip())
        except ValueError:
            return SplitResult("", "", "", "", "")

    def _wait_for_turn(self, address: str) -> None:
        """Keep cards for one address apart: a turn is taken at once, the wait is outside the lock."""
        with self._turn:
            now = time.monotonic()
            at = max(now, self._next_post.get(address, now))
            self._next_post[address] = at + self.seconds_between_cards
        time.sleep(at - now)

    def _post(self, address: str, body: _Body, where: str) -> _Answer:
        try:
            answer = self._opened().post(
                address.strip(),
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self.timeout_s,
                allow_redirects=False,
                stream=True,
            )
        except Exception as error:
            if error is body.stopped_by:
                raise
            # `from None` throughout: the errors of requests carry the whole address.
            raise _broken(error, where, under_way=body.under_way) from None
        with answer:
            return _Answer(code=answer.status_code, headers=answer.headers, text=_beginning(answer))

    def _opened(self) -> requests.Session:
        with self._turn:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        import requests  # half a second that a run without channels need not spend

        _keep_addresses_out_of_the_log()
        return requests.Session()


class _Body(io.BytesIO):
    """The body of a request, which tells of the hand-over when it is first read: until then nothing can have been posted."""

    def __init__(self, content: bytes, handed_over: Callable[[], None]) -> None:
        super().__init__(content)
        self._handed_over, self._told = handed_over, False
        #: Whether it has been read since it was last put back to its beginning.
        self.under_way = False
        #: What the hand-over raised.
        self.stopped_by: Exception | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes of it."""
        if not self._told:
            try:
                self._handed_over()
            except Exception as error:
                self.stopped_by = error
                raise
        self._told = self.under_way = True
        return super().read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in it."""
        self.under_way = False
        return super().seek(offset, whence)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What came back for a card: of its text the beginning."""

    code: int
    headers: Mapping[str, str]
    text: str

    @property
    def asks_to_wait_s(self) -> float | None:
        """For how many seconds: as such, or until a moment, counted from the answer's own date; None where it makes no sense."""
        asked = self.headers.get("Retry-After", "").strip()
        if _SECONDS.fullmatch(asked):
            return float(asked)
        try:
            until, since = (parsedate_to_datetime(moment) for moment in (asked, self.headers.get("Date", "")))
            return max(0.0, (until - since).total_seconds())
        except (ValueError, TypeError, OverflowError, IndexError):
            return None

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, as a proxy, a firewall or a sign-in answers, and no flow."""
        return self.text.lstrip("\ufeff \t\r\n").startswith("<")

    @property
    def json(self) -> Any:
        """What it says as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


def _beginning(answer: requests.Response) -> str:
    """Return as much of an answer as is looked at; nothing where it breaks off."""
    try:
        return bytes(answer.raw.read(_ENOUGH, decode_content=True)).decode("utf-8", "replace")
    except Exception:  # noqa: BLE001  (its code has come, and that is what counts)
        return ""


def _broken(error: Exception, where: str, *, under_way: bool) -> DeliveryError:
    if under_way:
        problem = f"no answer came ({type(error).__name__}): the card may have been posted"
        return DeliveryError(problem, passing=True, ambiguous=True, about="line", where=where)
    problem, remedy = _kept_from_leaving(error)
    return DeliveryError(problem, passing=True, about="line", where=where, remedy=remedy)


def _kept_from_leaving(error: Exception) -> tuple[str, str]:
    """Return why no request could be made, and what to do: without the words of the error, which carry the whole address."""
    from requests import exceptions

    if isinstance(error, exceptions.SSLError):
        problem = "the certificate of the flow's host is not to be trusted"
        return problem, "A proxy that opens TLS may stand between: name its authority in REQUESTS_CA_BUNDLE."
    if isinstance(error, exceptions.ProxyError | exceptions.InvalidProxyURL):
        return "the proxy cannot be used", "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY where the service runs."
    if isinstance(error, OSError) and not isinstance(error, exceptions.RequestException):
        # As requests says of a file that is not there.
        problem = "the certificates to trust cannot be read"
        return problem, "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE must name a file of certificates (PEM) that this account may read."
    named = "" if isinstance(error, exceptions.ConnectionError) else f" ({type(error).__name__})"
    return f"the flow's host cannot be reached{named}", "Check the proxy and the firewall between this machine and the host."


def _accepted(answer: _Answer, where: str) -> str:
    """Return that a card was accepted. Raises DeliveryError where the answer is none by which a flow accepts one."""
    code, named = answer.code, f"the flow answered {answer.code}{_named_error(answer)}"
    if code in _BUSY:
        raise DeliveryError(named, passing=True, where=where, retry_after_s=answer.asks_to_wait_s)
    if code in _BETWEEN or 300 <= code < 400 or (answer.is_page and code < 500):
        what = "a web page" if answer.is_page else str(code)
        raise DeliveryError(
            f"something between here and the flow answered, with {what} ({code})",
            passing=True,
            about="sender",
            where=where,
            remedy="A proxy, a firewall or a sign-in may stand between: ask the network team to let this machine through. "
            "Else copy the flow's address again.",
        )
    if code >= 500:
        # A gateway that gives up, or says nothing of why, cannot tell whether the flow behind it has run.
        raise DeliveryError(named, passing=True, ambiguous=True, where=where)
    if not 200 <= code < 300:
        remedy = _REMEDIES.get(code, "Copy the flow's address again.")
        about: Literal["message", "recipient"] = "message" if code == 413 else "recipient"
        raise DeliveryError(named, passing=False, about=about, where=where, remedy=remedy)
    if _reports_an_error(answer):
        raise DeliveryError(
            f"the flow answered {code}, but with the report of an error{_named_error(answer)}",
            passing="429" in answer.text,
            about="recipient",
            where=where,
            remedy="Look at the run history of the flow.",
        )
    if code != 202 and not (code == 200 and answer.json is not None):
        raise DeliveryError(
            f"the answer {code} is none that a flow gives, which is 202, or 200 with JSON: the card may have been posted",
            passing=True,
            ambiguous=True,
            about="line",
            where=where,
            remedy="Look at the run history of the flow, and at what stands between this machine and its host.",
        )
    return f"accepted {code}"


def _reports_an_error(answer: _Answer) -> bool:
    said = answer.json
    if said is None:
        return re.search(r"\b(error|failed)\b", answer.text, re.IGNORECASE) is not None
    return isinstance(said, dict) and bool(said.get("error"))


def _named_error(answer: _Answer) -> str:
    """Return the code of the error that the answer names. Its words stay out: they can repeat the card."""
    try:
        code = answer.json["error"]["code"]
    except (TypeError, KeyError):
        return ""
    return f" ({code})" if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


class _WithoutQuery(logging.Filter):
    """urllib3 writes the whole address at debug level, and the query of the address is the password."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("?...", record.getMessage()), ()
        return True


def _keep_addresses_out_of_the_log() -> None:
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        log = logging.getLogger(name)
        if not any(isinstance(kept, _WithoutQuery) for kept in log.filters):
            log.addFilter(_WithoutQuery())
