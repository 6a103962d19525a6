"""The council's own sign-in, by OpenID Connect: who is sent there, and who came back."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from alerting.page_settings import SignIn, is_loopback

_ALGORITHMS = ["RS256", "PS256", "ES256"]
_LEEWAY_S = 60
_TIMEOUT_S = 10
_AT_ONCE = 16
"""How many wait for the sign-in at once: fewer than there are threads, as those who have signed in need some."""
_SCOPE = "openid email profile"


class NotSignedInError(Exception):
    """Somebody could not be signed in. The words are for the service's log, and hold nothing of them."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Where somebody is sent to sign in, and what must come back with them."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(kw_only=True)
class Provider:
    """The council's sign-in. back: the address of this page to which it sends people back."""

    settings: SignIn
    back: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _metadata: Mapping[str, Any] | None = None
    _keys: Any = None
    _turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_ONCE))

    def send(self) -> Sent:
        """Return where somebody is sent to sign in. Raises NotSignedInError where the sign-in cannot be asked."""
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        with self._turn(), self._session() as session:
            url, state = session.create_authorization_url(
                self._endpoint("authorization_endpoint"), nonce=nonce, code_verifier=verifier
            )
        return Sent(url=url, state=state, nonce=nonce, verifier=verifier)

    def receive(self, answer: Mapping[str, str], sent: Sent) -> str:
        """Return the mail address of somebody who came back. Raises NotSignedInError for whoever is not who they should be."""
        if not secrets.compare_digest(answer.get("state", "").encode(), sent.state.encode()):
            raise NotSignedInError("the answer belongs to another sign-in")
        if "iss" in answer and answer["iss"].rstrip("/") != self.settings.issuer:
            raise NotSignedInError("the answer is another issuer's")
        if not answer.get("code"):
            code = _code(answer.get("error"))
            raise NotSignedInError(f"the sign-in let nobody in{f' ({code})' if code else ''}")
        with self._turn():
            return self._address(self._claims(self._token(answer["code"], sent.verifier), sent.nonce))

    def _token(self, code: str, verifier: str) -> str:
        try:
            with self._session() as session:
                tokens = session.fetch_token(
                    self._endpoint("token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    timeout=_TIMEOUT_S,
                )
        except NotSignedInError:
            raise
        except Exception as error:  # noqa: BLE001  (of several libraries; their words may hold what is secret)
            raise NotSignedInError(f"the sign-in gave no token ({_kind(error)})") from None
        return str(tokens.get("id_token", ""))

    def _address(self, claims: Mapping[str, Any]) -> str:
        address = claims.get(self.settings.claim)
        if not isinstance(address, str) or not address:
            raise NotSignedInError(f"the token has no claim `{self.settings.claim}`")
        if claims.get("email_verified") in (False, "false"):
            raise NotSignedInError("the sign-in says that the address was not verified")
        return address

    def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return what a token says, after its signature, issuer, audience, nonce and times were found right."""
        from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
        from joserfc import jwt
        from joserfc.errors import JoseError

        options = {
            "iss": {"essential": True, "value": self._metadata_now()["issuer"]},
            "aud": {"essential": True, "value": self.settings.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True},
        }
        try:
            try:
                decoded = jwt.decode(token, self._key_set(), algorithms=_ALGORITHMS)
            except (JoseError, ValueError):  # its keys may have been changed since they were read
                decoded = jwt.decode(token, self._key_set(anew=True), algorithms=_ALGORITHMS)
            claims = CodeIDToken(decoded.claims, decoded.header, options, {"nonce": nonce, "client_id": self.settings.client_id})
            claims.validate(leeway=_LEEWAY_S)
        except NotSignedInError:
            raise
        except Exception as error:  # noqa: BLE001  (as above)
            raise NotSignedInError(f"the token is not right ({_kind(error)})") from None
        return cast("Mapping[str, Any]", claims)

    # ------------------------------------------------------------------ what the sign-in says of itself

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Run a block that may wait for the sign-in. Raises NotSignedInError where enough do already."""
        if not self._turns.acquire(blocking=False):
            raise NotSignedInError("the sign-in is slow, and too many wait for it")
        try:
            yield
        finally:
            self._turns.release()

    def _session(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]

        secret = self.settings.client_secret
        return OAuth2Session(
            self.settings.client_id,
            secret.get_secret_value() if secret else None,
            scope=_SCOPE,
            redirect_uri=self.back,
            code_challenge_method="S256",
        )

    def _endpoint(self, name: str) -> str:
        address = str(self._metadata_now().get(name, ""))
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
            raise NotSignedInError(f"the sign-in gives no safe address as its {name}")
        return address

    def _metadata_now(self) -> Mapping[str, Any]:
        with self._lock:
            if self._metadata is None:
                found = self._fetch(f"{self.settings.issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self.settings.issuer:
                    raise NotSignedInError("what answers at the issuer's address is another issuer")
                self._metadata = found
            return self._metadata

    def _key_set(self, *, anew: bool = False) -> Any:
        from joserfc.jwk import KeySet

        address = self._endpoint("jwks_uri")
        with self._lock:
            if self._keys is None or anew:
                self._keys = KeySet.import_key_set(cast("Any", self._fetch(address)))
            return self._keys

    def _fetch(self, address: str) -> Mapping[str, Any]:
        try:
            with self._session() as session:
                answer = session.get(address, withhold_token=True, timeout=_TIMEOUT_S, allow_redirects=False)
                answer.raise_for_status()
                found = answer.json()
        except Exception as error:  # noqa: BLE001  (as above)
            raise NotSignedInError(f"the sign-in cannot be asked ({_kind(error)})") from None
        if not isinstance(found, dict):
            raise NotSignedInError("the sign-in does not say what it is")
        return found


def _kind(error: Exception) -> str:
    """Return of which kind an error is, with its code where the sign-in gave one, such as `invalid_client`: none of its words."""
    code = _code(getattr(error, "error", None))
    return f"{type(error).__name__}, {code}" if code else type(error).__name__


def _code(said: object) -> str:
    """Return an error's code as OAuth has them; nothing of whatever else was said."""
    return said if isinstance(said, str) and re.fullmatch(r"[a-z_]{1,40}", said) else ""
