"""A council's sign-in for tests: a real OpenID provider with keys of its own, in a process of its own.

    python -m tests.oidc_provider PORT

It signs in whoever the browser says at once: `as` in the query of the authorization endpoint is their mail address, and `fault` what is
wrong with the token that follows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "practice-alerts", "a secret of the test's"
OURS, STRANGERS = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})
CODES: dict[str, dict[str, str]] = {}


def claims(asked: dict[str, str], issuer: str) -> dict[str, Any]:
    """Return what the token of somebody who signed in says, with what is wrong with it."""
    now = int(time.time())
    said: dict[str, Any] = {
        "iss": issuer, "sub": "somebody", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        "email": asked["as"], "email_verified": True,
    }  # fmt: skip
    faults: dict[str, dict[str, Any]] = {
        "another nonce": {"nonce": "another"},
        "another audience": {"aud": "somebody else"},
        "another issuer": {"iss": "http://127.0.0.1:1"},
        "expired": {"iat": now - 7200, "exp": now - 3600},
        "not verified": {"email_verified": False},
        "not verified, as a text": {"email_verified": "false"},
    }
    said |= faults.get(asked.get("fault", ""), {})
    if asked.get("fault") == "no address":
        del said["email"]
    if asked.get("fault") == "no nonce":
        del said["nonce"]
    return said


def token(asked: dict[str, str], issuer: str) -> str:
    """Return a signed token, or one that only looks so."""
    said, fault = claims(asked, issuer), asked.get("fault")
    if fault == "not signed":
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, said)]
        return ".".join([*parts, ""])
    if fault == "signed with the public key":
        return jwt.encode({"alg": "HS256", "kid": "1"}, said, OctKey.import_key(OURS.as_pem(private=False)), algorithms=["HS256"])
    return jwt.encode({"alg": "RS256", "kid": "1"}, said, STRANGERS if fault == "another key" else OURS)


class Provider(BaseHTTPRequestHandler):
    """Answers as a provider does."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/.well-known/openid-configuration":
                self._json(
                    {
                        "issuer": self.issuer,
                        "authorization_endpoint": f"{self.issuer}/authorize",
                        "token_endpoint": f"{self.issuer}/token",
                        "jwks_uri": f"{self.issuer}/keys",
                        "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
                    }
                )
            case "/keys":
                self._json({"keys": [OURS.as_dict(private=False) | {"use": "sig", "alg": "RS256"}]})
            case "/authorize":
                code = str(len(CODES) + 1)
                CODES[code] = query
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        form = {name: values[0] for name, values in body.items()}
        asked = CODES.pop(form.get("code", ""), None)
        given = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        wanted = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or given != asked["code_challenge"] or self.headers.get("Authorization") != wanted:
            self._json({"error": "invalid_grant"}, 400)
            return
        self._json({"access_token": "x", "token_type": "Bearer", "id_token": token(asked, self.issuer), "expires_in": 300})

    def _json(self, value: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Provider).serve_forever()
