"""What stands before every route: the host, the size and the time of a request, and what every answer says to a browser.

It knows no route and no reader. Whatever goes wrong behind it, a reader is shown a plain page and nothing of the code.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting.logs import Entry, Event, Log
from alerting.page_settings import is_loopback
from alerting.web.problems import FOR_PROGRAMS, problem

LARGEST_BODY = 64 * 1024
"""Bytes: many times what the longest form takes."""
_LARGEST_HEAD = 16 * 1024
_BODY_WITHIN_S = 15.0
_METHODS = frozenset({"GET", "HEAD", "POST"})

_SAYS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # With `no-referrer` a browser would not say of our own forms where they come from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_WATCHING = frozenset({"/healthz", "/readyz", "/metrics", "/page.css"})
_YEAR_S = 365 * 24 * 60 * 60


@dataclass(frozen=True)
class _Refusal:
    """Why a request is not let through."""

    status: int
    says: str

    def answer(self, scope: Scope) -> Response:
        """Return what is answered: a line; to a program a problem."""
        for_programs = scope["path"].startswith(FOR_PROGRAMS)
        response = problem(self.status, self.says) if for_programs else PlainTextResponse(self.says, self.status)
        if self.status == 408:
            response.headers["Connection"] = "close"
        return response


_TOO_LARGE = _Refusal(413, "That is more than this page takes.")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """An application behind its guard. url: at which people open the page. listens: the host and the port at which it listens."""

    app: ASGIApp
    url: str
    listens: tuple[str, int]
    log: Log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        began, answer = time.perf_counter(), _Answer(send=send, is_safe=self.url.startswith("https://"))
        inner = self._without_prefix(scope)
        try:
            await self._answer(scope, inner, receive, answer)
        finally:
            self._log(inner, answer, time.perf_counter() - began)

    async def _answer(self, scope: Scope, inner: Scope, receive: Receive, answer: _Answer) -> None:
        """Answer one request. inner: as the application takes it."""
        body = self._refuse(scope) or await _whole_body(receive)
        if isinstance(body, _Refusal):
            body = body.answer(inner)
        if isinstance(body, Response):
            await body(scope, receive, answer)
            return
        try:
            await self.app(inner, _given(body, receive), answer)
        except Exception as error:  # noqa: BLE001  (whatever it is, its words may quote a record: they stay unsaid)
            self.log(_of_error(error))
            if not answer.begun:
                await PlainTextResponse("The page cannot be shown just now. Please try again later.", 500)(scope, receive, answer)

    def _log(self, scope: Scope, answer: _Answer, took: float) -> None:
        """Log a request by its route, in which no reference stands; of a watching machine only what is not well."""
        route = _route_of(scope)
        if route in _WATCHING and answer.status < 400:
            return
        entry = Entry(event=Event.page_request, method=scope["method"] if scope["method"] in _METHODS else None, route=route)
        self.log(replace(entry, answer=answer.status, seconds=took))

    def _refuse(self, scope: Scope) -> _Refusal | Response | None:
        """Return why a request is not let through, or where it is led instead; None where it is."""
        if scope["method"] not in _METHODS:
            return _Refusal(405, "This cannot be asked here.")
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return _Refusal(400, "This page is not at that address.")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _LARGEST_HEAD:
            return _Refusal(431, "That is more than this page takes.")
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST_BODY:
            return _TOO_LARGE
        if self._prefix and scope["path"] == self._prefix and scope["method"] != "POST":
            # A browser sends the cookie of a path to what is under it alone: here nobody would be known.
            return RedirectResponse(f"{self._prefix}/", 308)
        return None

    @property
    def _prefix(self) -> str:
        """The path under which people open the page; empty where it is the root."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def _hosts(self) -> frozenset[str]:
        parts, (host, port) = urlsplit(self.url), self.listens
        names = {parts.netloc.lower()}
        if parts.port is None:
            names.add(f"{parts.netloc.lower()}:{443 if parts.scheme == 'https' else 80}")
        # Whoever watches the machine asks it by its own name.
        if is_loopback(host):
            names |= {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}
        return frozenset(names)

    def _without_prefix(self, scope: Scope) -> Scope:
        """Return a request as if the page stood at the root: a proxy may keep the path under which it shows the page, or not."""
        prefix, path = self._prefix, scope["path"]
        if not prefix or not (path == prefix or path.startswith(f"{prefix}/")):
            return scope
        rest = path.removeprefix(prefix) or "/"
        return {**scope, "path": rest, "raw_path": rest.encode()}


@dataclass(kw_only=True)
class _Answer:
    """Sends an answer, with what each says to a browser."""

    send: Send
    is_safe: bool
    begun: bool = False
    status: int = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _SAYS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if self.is_safe:
                headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
        await self.send(message)


async def _whole_body(receive: Receive) -> bytes | _Refusal:
    """Return the body of a request, or why one that is too long or too slow is not read."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return _Refusal(400, "")
                part = message.get("body", b"")
                size += len(part)
                if size > LARGEST_BODY:
                    return _TOO_LARGE
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return _Refusal(408, "That took too long.")


def _given(body: bytes, receive: Receive) -> Receive:
    """Return a body that has been read already, as an application receives it."""
    left = [body]

    async def take() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return take


def _route_of(scope: Scope) -> str | None:
    """Return the route that answered a request, such as `/a/{ref}`; None where there is none."""
    endpoint, routes = scope.get("endpoint"), scope["router"].routes if "router" in scope else []
    return next((route.path for route in routes if endpoint is not None and getattr(route, "endpoint", None) is endpoint), None)


def _of_error(error: BaseException) -> Entry:
    """Return what is logged of an error: of which kind it is and in which line of ours it arose, and nothing that it says."""
    at, found = error.__traceback__, ""
    while at is not None:
        module = str(at.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == "alerting":
            found = f"{module}, line {at.tb_lineno}"
        at = at.tb_next
    kind = type(error).__name__
    says = f"page: an answer failed: {kind}" + (f" in {found}" if found else "")
    return Entry(event=Event.page_failed, says=says, error=kind, where=found or None)
