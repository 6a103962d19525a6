"""What a fault of a mail server means, by the step at which it strikes."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from alerting.errors import DeliveryError
from alerting.mailboxes import one_line
from notifiers.email.line import AddressRefusedError

_ANY_ADDRESS = re.compile(r"[^\s<>@:;,\"']+@([^\s<>@:;,\"']+)")
_LONGEST_ANSWER = 200

_REMEDIES = {
    "530": "The server wants a user and a password, or refuses this host: ask the mail team to allow it to relay.",
    "534": "The server wants another way of signing in: ask the mail team for a relay that trusts this host.",
    "535": "Check user and password; many servers no longer take passwords, so ask the mail team for a relay.",
    "552": "The message is larger than the server takes: lower the number of alerts a message may list.",
    "554": "Ask the mail team whether this host may relay and whether the sender may write.",
    "5.7.30": "This server no longer takes a user and a password: ask the mail team for a relay that trusts this host.",
    "5.7.68": "This server takes no mail sent to it directly: ask the mail team for the relay connector's host.",
}


@contextmanager
def before_hand_over(where: str, *, connecting: bool = False) -> Iterator[None]:
    # `from None` throughout: the errors of smtplib can carry addresses, and a chained error is printed too.
    try:
        yield
    except ssl.SSLError as error:
        raise no_safe_line(error, where) from None
    except smtplib.SMTPAuthenticationError as error:
        raise _refused(error, where, "the sign-in was refused:", "line") from None
    except AddressRefusedError as error:
        raise _refused(error, where, "the address was refused:", "address") from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error, where, "the server answered", "line" if connecting else None) from None
    except smtplib.SMTPServerDisconnected:
        raise DeliveryError(
            "the server broke off before the message was complete", passing=True, about="line", where=where
        ) from None
    except smtplib.SMTPException:
        raise DeliveryError(
            "the server offers no way of signing in that can be used here",
            passing=False,
            about="line",
            where=where,
            remedy="Ask the mail team for a relay that trusts this host, and leave user and password out.",
        ) from None
    except OSError as error:
        raise _unreachable(error, where) from None


@contextmanager
def after_hand_over(where: str) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        if 400 <= error.smtp_code < 600:
            raise _refused(error, where, "the message was refused:") from None
        raise DeliveryError(
            "the answer after the message makes no sense: it may have arrived",
            passing=True,
            ambiguous=True,
            about="line",
            where=where,
        ) from None
    except OSError:
        raise DeliveryError(
            "no answer came after the message was handed over: it may have arrived",
            passing=True,
            ambiguous=True,
            about="line",
            where=where,
        ) from None


def _refused(
    error: smtplib.SMTPResponseException, where: str, what: str, about: Literal["line", "address"] | None = None
) -> DeliveryError:
    said = words(error.smtp_code, error.smtp_error)
    # An answer outside 5xx that is not the one the step allows is a server in disorder, which may pass.
    lasting = 500 <= error.smtp_code < 600
    # After 421 the server hangs up, whatever it was asked.
    otherwise: Literal["sender", "line", "message"] = "sender" if lasting else "line" if error.smtp_code == 421 else "message"
    return DeliveryError(
        f"{what} {said}",
        passing=not lasting,
        about=about or otherwise,
        where=where,
        remedy=next((_REMEDIES[part] for part in reversed(said.split()[:2]) if part in _REMEDIES), ""),
    )


def no_safe_line(error: ssl.SSLError | None, where: str) -> DeliveryError:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return DeliveryError("the server broke off while the line was being made safe", passing=True, about="line", where=where)
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError(
            f"the server's certificate is not to be trusted: {error.verify_message}",
            passing=False,
            about="line",
            where=where,
            remedy="Use the host name that is in the certificate, and set ca_file if your own authority signed it.",
        )
    return DeliveryError(
        "no TLS could be agreed with the server, and nothing is sent without",
        passing=False,
        about="line",
        where=where,
        remedy="Use security: starttls on port 25 or 587 and tls on 465, with a server that knows TLS 1.2.",
    )


def _unreachable(error: OSError, where: str) -> DeliveryError:
    reason = type(error).__name__
    if isinstance(error, socket.gaierror):
        reason = "its name is not known"
    elif isinstance(error, ConnectionRefusedError):
        reason = "nothing answers at this port"
    elif isinstance(error, TimeoutError):
        reason = "it does not answer in time"
    return DeliveryError(
        f"the mail server cannot be reached: {reason}",
        passing=True,
        about="line",
        where=where,
        remedy="Check host, port and the firewall between this machine and the server.",
    )


def words(code: int, reply: bytes | str) -> str:
    """Return a server's answer on one line, short, with the local part of every address left out."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    without_addresses = _ANY_ADDRESS.sub(r"(somebody)@\1", one_line(text))
    return f"{code} {without_addresses}"[:_LONGEST_ANSWER]
