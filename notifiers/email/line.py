"""One connection to a mail server, driven step by step."""

from __future__ import annotations

import base64
import hmac
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

_ENHANCED = re.compile(rb"5\.(\d{1,3})\.\d{1,3}\b")
_QUIT_TIMEOUT_S = 5
_PIECE = 2048
"""Of one line of an answer no more is kept."""
_LONGEST_ANSWER = 65_536
_MOST_CHALLENGES = 5


class AddressRefusedError(smtplib.SMTPResponseException):
    """The server takes nothing for this mailbox, whoever sends and whatever it is."""


class Line(smtplib.SMTP):
    """One connection to a server."""

    #: How many messages the server has taken on this line.
    messages: int

    def __init__(self, host: str, port: int, helo: str | None, timeout_s: float, tls: ssl.SSLContext | None) -> None:
        self.messages = 0
        self._tls = tls
        self._in_message = False
        super().__init__(host, port, local_hostname=helo, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), timeout)
        # Without this a message over 16 KB waits 40 ms for the acknowledgement of its first TLS record.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line if self._tls is None else self._tls.wrap_socket(line, server_hostname=host)

    def getreply(self) -> tuple[int, bytes]:
        """Return the code and the words of one answer; -1 where it has no code.

        An answer may be of any length up to 64 KB: its code is what counts, also where smtplib would make 500 of a line that
        it finds too long, and so a lasting refusal of a busy server, or of a message that was taken.
        Raises SMTPServerDisconnected where there is no answer, or no end of it.
        """
        words, read = list[bytes](), 0
        while read < _LONGEST_ANSWER:
            line = self._heard()
            read += len(line)
            code = int(line[:3]) if re.match(rb"[2-5]\d\d(?!\d)", line) else -1
            words.append(line[4:].strip(b" \t\r\n"))
            goes_on = code != -1 and line[3:4] == b"-"
            while not line.endswith(b"\n") and read < _LONGEST_ANSWER:
                line = self._heard()
                read += len(line)
            if line.endswith(b"\n") and not goes_on:
                return code, b"\n".join(words)
        self.close()
        raise smtplib.SMTPServerDisconnected("the answer has no end")

    def _heard(self) -> bytes:
        if self.file is None:
            self.file = self._socket().makefile("rb")
        try:
            line = self.file.readline(_PIECE)
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(type(error).__name__) from None
        if not line:
            self.close()
            raise smtplib.SMTPServerDisconnected("the line was closed")
        return line

    def sign_in(self, user: str, password: str) -> None:
        """Sign in in UTF-8, as RFC 4616 has it: smtplib knows ASCII alone, and shows in its error what is not.

        Raises SMTPNotSupportedError where no way is offered that is known here, SMTPAuthenticationError where each is refused.
        """
        offered = self.esmtp_features.get("auth", "").upper().split()
        ways: dict[str, list[Callable[[bytes], bytes]]] = {
            "PLAIN": [lambda _: _sent(f"\0{user}\0{password}")],
            "LOGIN": [lambda _: _sent(user), lambda _: _sent(password)],
            "CRAM-MD5": [lambda _: b"", lambda asked: _sent(user) + b" " + _keyed(password, asked)],
        }
        refusal: smtplib.SMTPException = smtplib.SMTPNotSupportedError("no way of signing in that is known here")
        for way in (way for way in ways if way in offered):
            first, *others = ways[way]
            code, reply = self.docmd("AUTH", f"{way} {_in_base64(first(b''))}".strip())
            for answer in others:
                if code == 334:
                    code, reply = self.docmd(_in_base64(answer(reply)))
            if code in {235, 503}:
                return
            refusal = smtplib.SMTPAuthenticationError(code, reply)
        raise refusal

    def expect(self, codes: set[int], code: int, reply: bytes) -> None:
        """Raise what the server answered unless it is one of `codes`."""
        if code not in codes:
            raise smtplib.SMTPResponseException(code, reply)

    def offer(self, sender: str, size: int) -> tuple[int, bytes]:
        """Tell the server who a message is from and, where it asks, how large it is; return its answer."""
        # A bounce then brings back the headers alone, and not what stands in the message.
        asked = {"size": f"SIZE={size}", "dsn": "RET=HDRS"}
        return self.mail(sender, [option for name, option in asked.items() if self.has_extn(name)])

    def address(self, recipient: str) -> None:
        """Tell the server whom a message is for. Raises AddressRefusedError where the refusal is of the mailbox."""
        code, reply = self.rcpt(recipient)
        if 500 <= code < 600 and _is_of_the_address(reply):
            raise AddressRefusedError(code, reply)
        self.expect({250, 251}, code, reply)

    def write(self, written: bytes) -> None:
        """Write a message but for the final dot. Raises SMTPServerDisconnected where the server has already given up."""
        self.expect({354}, *self.docmd("DATA"))
        self._in_message = True
        self.send(re.sub(rb"(?m)^\.", b"..", written))
        if not self._is_listening():
            raise smtplib.SMTPServerDisconnected

    def _is_listening(self) -> bool:
        """Return whether the server still waits for the rest: one that has hung up, or speaks out of turn, does not."""
        line = self._socket()
        line.settimeout(0)
        try:
            # What the server said may have come along with its last answer and lie in the buffer of `file` by now.
            said = self.file is not None and self.file.peek(1)
            if not said:
                line.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            line.settimeout(self.timeout)
            return True
        except OSError:
            return False
        return False

    def finish(self, timeout_s: float) -> tuple[int, bytes]:
        """Write the final dot and wait so long for the answer."""
        line = self._socket()
        line.settimeout(timeout_s)
        self.send(b".\r\n")
        code, reply = self.getreply()
        line.settimeout(self.timeout)
        self._in_message = False
        self.expect({250}, code, reply)
        self.messages += 1
        return code, reply

    def leave(self) -> None:
        """Say goodbye and hang up; never raises. In the middle of a message only hang up, so that nothing is accepted."""
        if self.sock is not None and not self._in_message:
            self._socket().settimeout(_QUIT_TIMEOUT_S)
            with suppress(OSError):
                self.quit()
        self.close()

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected
        return self.sock


def _is_of_the_address(reply: bytes) -> bool:
    """Return whether a refusal of RCPT, 5xx, is about the mailbox: by its enhanced code (RFC 3463), and where it has none.

    5.1, 5.2 and 5.4 are about the address, the mailbox and the way to it; 5.7 and the others about who sends, and what.
    """
    code = _ENHANCED.match(reply)
    return code is None or (code[1] in {b"1", b"2", b"4"} and code[0] not in {b"5.1.7", b"5.1.8"})


def _sent(text: str) -> bytes:
    """Return a user or a password as it is sent; what the environment had that is no UTF-8 as it stood there."""
    return text.encode("utf-8", "surrogateescape")


def _keyed(password: str, asked: bytes) -> bytes:
    return hmac.new(_sent(password), base64.b64decode(asked + b"=="), "md5").hexdigest().encode()


def _in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
