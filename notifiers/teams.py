"""Cards in a team's Teams channel, posted to the address of a Workflows flow.

The flow answers before it posts, so an answer of 202 means accepted and never delivered. The address of a flow is its
password: it stands in no error and, with its query, in no log. A flow has no way to recognise a repeat.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable
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
from alerting.model import Card, Message, Tier

if TYPE_CHECKING:
    import requests
    from microsoft_teams.cards import AdaptiveCard, RichTextBlock, Table, TableRow

# Teams wraps a card again before it counts its 28 KB, by a fifth in the cases seen.
_LARGEST_CARD = 20_000
_MOST_ROWS = 25
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_RETIRED = ("logic.azure.com", "webhook.office.com")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>~#|])")
_QUERY = re.compile(r"\?\S*")
_ERROR_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{2,59}")

_REMEDIES = {
    400: "The flow does not take cards: make it again from the template that posts to a channel when a webhook is received.",
    401: "Copy the flow's address again, whole; it carries its own signature.",
    403: "Copy the flow's address again, whole, and let anyone trigger the flow: it knows callers by the address alone.",
    404: "The flow is gone or switched off; its owner may have left. Make it again under a service account.",
    410: "The flow is gone or switched off; its owner may have left. Make it again under a service account.",
    413: "The card is too large for the flow: lower the number of rules that are shown in a channel.",
}


class Notifier(BaseModel, notifier.Notifier):
    """The channels that can be reached.

    channels: the flow's address by team id. hosts: where an address may lead, `*` for any one part or more.
    Plain http is for a host of this machine that `hosts` names. seconds_between_cards: for each address, as Teams asks.
    tries: how often in all where the flow is busy; retry_after_max_s: the longest wait between two, whatever it asks for.
    faults_to: the team whose channel is told when another receiver fails, as administrators are.
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

        Raises DeliveryError: passing for 429, 5xx and no connection; ambiguous where an answer failed to come or a
        gateway gave it; lasting for a team without a channel, an address that may not be used, a card that is too
        large, and every other answer. A card with more rows than fit shows the first, and how many there are more.
        """
        address = self._address(message)
        body = _fitting(message)
        self._wait_for_turn(address)
        handed_over()
        return _accepted(self._post(address, body, f"teams channel of {message.channel}"), f"teams channel of {message.channel}")

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
        if not self.channels:
            found.append("there are no channels, so nothing can be sent")
        return found

    def reach(self) -> list[str]:
        """Ask each flow's host for the flow's address without posting: a flow that is gone says so, a living one refuses."""
        import requests

        problems = []
        for team, address in sorted(self.channels.items()):
            if self._problem(team):
                continue
            try:
                answer = self._opened().get(address.get_secret_value().strip(), timeout=self.timeout_s, allow_redirects=False)
            except requests.exceptions.RequestException:
                # Not its words: they carry the whole address.
                problems.append(f"the host of the flow for team {team} cannot be reached")
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

    def _post(self, address: str, body: bytes, where: str) -> requests.Response:
        import requests  # half a second that a run without channels need not spend

        # `from None` throughout: the errors of requests carry the whole address.
        try:
            return self._opened().post(
                address.strip(),
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self.timeout_s,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError:
            raise DeliveryError(
                "the certificate of the flow's host is not to be trusted",
                passing=False,
                about="line",
                where=where,
                remedy="A proxy that opens TLS may stand between: name its authority in REQUESTS_CA_BUNDLE.",
            ) from None
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError):
            raise DeliveryError("the flow's host cannot be reached", passing=True, about="line", where=where) from None
        except requests.exceptions.ConnectionError as error:
            raise self._broken(error, where) from None
        except requests.exceptions.RequestException as error:
            raise DeliveryError(
                f"no answer came ({type(error).__name__}): the card may have been posted",
                passing=True,
                ambiguous=True,
                about="line",
                where=where,
            ) from None

    @staticmethod
    def _broken(error: requests.exceptions.ConnectionError, where: str) -> DeliveryError:
        from urllib3.exceptions import MaxRetryError, NewConnectionError

        cause = error.args[0] if error.args else None
        reason = cause.reason if isinstance(cause, MaxRetryError) else cause
        if isinstance(reason, NewConnectionError):
            return DeliveryError("the flow's host cannot be reached", passing=True, about="line", where=where)
        return DeliveryError(
            "the line broke: the card may have been posted", passing=True, ambiguous=True, about="line", where=where
        )

    def _opened(self) -> requests.Session:
        with self._turn:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        _keep_addresses_out_of_the_log()
        retry = Retry(
            total=None,
            status=self.tries - 1,
            connect=0,
            read=0,
            other=0,
            redirect=0,
            allowed_methods={"POST"},
            # Not 500, 502 and 504: the card may have been posted, and a flow has no way to recognise a repeat.
            status_forcelist={429, 503},
            backoff_factor=0.5,
            backoff_max=self.retry_after_max_s,
            retry_after_max=self.retry_after_max_s,
            raise_on_status=False,
        )
        session = requests.Session()
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.mount("http://", HTTPAdapter(max_retries=retry))
        return session


def _fitting(message: Message) -> bytes:
    """Return the body of the request with as many rows as Teams takes. Raises DeliveryError where none makes it fit."""
    most = _MOST_ROWS
    while len(body := _posted(message, most)) > _LARGEST_CARD:
        if most == 0:
            raise DeliveryError(
                f"the card has {len(body):,} bytes, and Teams takes {_LARGEST_CARD:,}", passing=False, remedy=_REMEDIES[413]
            )
        most //= 2
    return body


def _posted(message: Message, most: int = _MOST_ROWS) -> bytes:
    """Return the body of the request: a message with the one card, of at most so many rows."""
    if message.card is None:
        raise DeliveryError("the message has no card that can be posted", passing=False, where="teams")
    card = _card(message.card, most).model_dump(mode="json", by_alias=True, exclude_none=True)
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def _card(shown: Card, most: int = _MOST_ROWS) -> AdaptiveCard:
    from microsoft_teams.cards import AdaptiveCard, OpenUrlAction, TeamsCardProperties, TextBlock

    more = len(shown.rows) - most
    words = [_plain(shown.summary)] if shown.summary else []
    end = [_plain(f"and {more} more")] if more > 0 else []
    end += [_plain(shown.footer, quiet=True)] if shown.footer else []
    title = TextBlock(text=_without_markdown(shown.title), style="heading", size="Large", weight="Bolder", wrap=True)
    linked = shown.link is not None and urlsplit(shown.link).scheme == "https"
    return AdaptiveCard(
        version="1.5",
        lang="en",
        fallback_text=_inert(f"{shown.title}. {shown.summary}"),
        speak=_inert(f"{shown.title}. {shown.summary}"),
        msteams=TeamsCardProperties(width="full"),
        body=[title, *words, *([_table(shown, most)] if shown.rows and most else []), *end],
        actions=[OpenUrlAction(title="Open the list", url=shown.link)] if linked else None,
    )


def _table(shown: Card, most: int) -> Table:
    from microsoft_teams.cards import ColumnDefinition, Table

    widths = [4, *[1] * (len(shown.columns) - 1)]
    return Table(
        columns=[ColumnDefinition(width=width) for width in widths],
        rows=[_row(shown.columns, bold=True), *(_row(cells) for cells in shown.rows[:most])],
        show_grid_lines=False,
    )


def _row(cells: tuple[str, ...], *, bold: bool = False) -> TableRow:
    from microsoft_teams.cards import TableCell, TableRow

    return TableRow(cells=[TableCell(items=[_plain(cell, bold=bold)]) for cell in cells])


def _plain(text: str, *, bold: bool = False, quiet: bool = False) -> RichTextBlock:
    """Return text as it stands: a run of rich text, unlike a text block, is not read as Markdown."""
    from microsoft_teams.cards import RichTextBlock, TextRun

    run = TextRun(text=_inert(text), weight="Bolder" if bold else None, is_subtle=quiet or None, size="Small" if quiet else None)
    return RichTextBlock(inlines=[run])


def _without_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _inert(text))


def _inert(text: str) -> str:
    """Drop control characters, and part the braces and brackets that Teams would act on: {{DATE(...)}}, <at>...</at>."""
    kept = "".join(character if character.isprintable() else " " if character.isspace() else "" for character in text)
    return kept.replace("{{", "{\u200b{").replace("<at", "<\u200bat").replace("</at", "</\u200bat")


def _accepted(answer: requests.Response, where: str) -> str:
    code = answer.status_code
    if code == 429 or code >= 500:
        raise DeliveryError(
            f"the flow answered {code}{_named_error(answer)}",
            passing=True,
            # A gateway that gives up, or says nothing of why, cannot tell whether the flow behind it has run.
            ambiguous=code not in {429, 503},
            where=where,
            retry_after_s=_retry_after(answer),
        )
    if not 200 <= code < 300:
        raise DeliveryError(
            f"the flow answered {code}{_named_error(answer)}",
            passing=False,
            about="message" if code == 413 else "recipient",
            where=where,
            remedy=_REMEDIES.get(code, "Copy the flow's address again."),
        )
    if _reports_an_error(answer.text):
        raise DeliveryError(
            f"the flow answered {code}, but with the report of an error{_named_error(answer)}",
            passing="429" in answer.text,
            about="recipient",
            where=where,
            remedy="Look at the run history of the flow.",
        )
    return f"accepted {code}"


def _retry_after(answer: requests.Response) -> float | None:
    """Return the seconds that an answer asks to wait: as such, or until a moment, counted from the answer's own date."""
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        until, since = (parsedate_to_datetime(moment) for moment in (asked, answer.headers.get("Date", "")))
        return max(0.0, (until - since).total_seconds())
    except (ValueError, TypeError):
        return None


def _reports_an_error(text: str) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return re.search(r"\b(error|failed)\b", text, re.IGNORECASE) is not None
    return isinstance(said, dict) and bool(said.get("error"))


def _named_error(answer: requests.Response) -> str:
    """Return the code of the error that the answer names. Its words stay out: they can repeat the card."""
    try:
        said: Any = answer.json()
        code = said["error"]["code"]
    except (ValueError, TypeError, KeyError):
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
