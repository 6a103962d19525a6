"""Sessions: a signed cookie that says who signed in, when, and when they last asked. Nothing of it is kept but who signed out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from alerting import private_files
from alerting.errors import ConfigError
from alerting.page_settings import Page

_KEY_FILE = "page.key"
_RENEWED_EVERY_S = 60
_SIGNING_IN = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody who signed in."""

    id: str
    #: Their mail address, as the sign-in gave it.
    address: str
    # Seconds since 1970.
    begun: int
    seen: int


@dataclass(frozen=True, kw_only=True)
class SigningIn:
    """Somebody who has been sent to the council's sign-in, and what must come back with them."""

    state: str
    nonce: str
    verifier: str
    #: Where they wanted to go.
    to: str
    begun: int


def read_key(page: Page, folder: Path) -> bytes:
    """Return what sessions are signed with: of config.yaml, or of a file beside it, which is made once. Raises ConfigError."""
    if page.secret is not None:
        return page.secret.get_secret_value().encode()
    path = folder / _KEY_FILE
    try:
        if not path.exists():
            private_files.write(path, secrets.token_urlsafe(48))
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"{_KEY_FILE} cannot be made or read beside config.yaml ({error.strerror})",
            remedy="Give `page: {secret: ...}`, such as ${file:PATH} of 32 characters or more.",
        ) from None
    if len(key) < 32:
        raise ConfigError(f"{_KEY_FILE} is too short to sign with", remedy="Delete it: another is made. Everybody signs in anew.")
    return key


class Sessions:
    """Reads and writes the cookies of one page."""

    def __init__(self, page: Page, key: bytes) -> None:
        parts = urlsplit(page.url)
        self._safe = parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/"
        # A browser takes a cookie with such a name only over https, and of a host only for the host itself.
        prefix = ("__Host-" if self._path == "/" else "__Secure-") if self._safe else ""
        self._name, self._signing_in = f"{prefix}alerting", f"{prefix}alerting-signing-in"
        self._idle, self._longest = timedelta(minutes=page.idle_minutes), timedelta(hours=page.hours)
        # A session of one way to sign in is none of another.
        self._key, self._purpose = key, page.sign_in.type

    @property
    def longest(self) -> timedelta:
        """For how long a session can last."""
        return self._longest

    def begin(self, address: str, now: datetime) -> Session:
        """Return a new session of somebody who has just signed in."""
        return Session(id=secrets.token_urlsafe(16), address=address, begun=_seconds(now), seen=_seconds(now))

    def read(self, request: Request, now: datetime) -> Session | None:
        """Return the session of a request; None where there is none, it is forged or it has run out."""
        found = self._read(request, self._name, Session)
        if not isinstance(found, Session):
            return None
        moment = _seconds(now)
        idle, lasts = moment - found.seen, moment - found.begun
        # A clock that was put back makes nobody's session longer.
        return found if 0 <= idle <= self._idle.total_seconds() and 0 <= lasts <= self._longest.total_seconds() else None

    def keep(self, response: Response, session: Session, now: datetime, *, new: bool = False) -> None:
        """Let a response carry a session on, as somebody has just asked."""
        if new or _seconds(now) - session.seen >= _RENEWED_EVERY_S:
            self._write(response, self._name, replace(session, seen=_seconds(now)), self._longest)

    def drop(self, response: Response) -> None:
        """Let a response take the session away."""
        self._delete(response, self._name)

    def read_signing_in(self, request: Request, now: datetime) -> SigningIn | None:
        """Return who was sent to the council's sign-in a short while ago, by this browser."""
        found = self._read(request, self._signing_in, SigningIn)
        fresh = isinstance(found, SigningIn) and 0 <= _seconds(now) - found.begun <= _SIGNING_IN.total_seconds()
        return found if fresh and isinstance(found, SigningIn) else None

    def keep_signing_in(self, response: Response, begun: SigningIn) -> None:
        """Let a response remember that its reader was sent to the council's sign-in."""
        self._write(response, self._signing_in, begun, _SIGNING_IN)

    def drop_signing_in(self, response: Response) -> None:
        """Let a response forget that its reader was sent to the council's sign-in."""
        self._delete(response, self._signing_in)

    def token(self, session: Session) -> str:
        """Return what every form of a session carries, so that no other page can send one in its name."""
        return hmac.new(self._key, f"form {self._purpose} {session.id}".encode(), hashlib.sha256).hexdigest()

    def is_own_form(self, session: Session, token: str) -> bool:
        """Return whether a form is one of this session's."""
        return hmac.compare_digest(self.token(session).encode(), token.encode("utf-8", "replace"))

    def veiled(self, id_: str) -> str:
        """Return what stands for an id in an address: nobody can tell the id from it."""
        return hmac.new(self._key, f"veil {id_}".encode(), hashlib.sha256).hexdigest()[:16]

    # ------------------------------------------------------------------ cookies

    def _signer(self, name: str) -> URLSafeSerializer:
        how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeSerializer(self._key, salt=f"{self._purpose} {name}", signer_kwargs=how)

    def _read(self, request: Request, name: str, kind: type[Session | SigningIn]) -> Session | SigningIn | None:
        try:
            return kind(**self._signer(name).loads(request.cookies.get(name, "")))
        except (BadSignature, TypeError, ValueError):
            return None

    def _write(self, response: Response, name: str, value: Any, lasts: timedelta) -> None:
        response.set_cookie(
            name,
            str(self._signer(name).dumps(asdict(value))),
            max_age=int(lasts.total_seconds()),
            path=self._path,
            secure=self._safe,
            httponly=True,
            samesite="lax",
        )

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path=self._path, secure=self._safe, httponly=True, samesite="lax")


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())
