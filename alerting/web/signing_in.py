"""Signing in and out: by the council's own sign-in, or, of the made-up council, as anybody of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerting.logs import Entry, Event
from alerting.page_settings import is_loopback
from alerting.store import page_sessions
from alerting.web import pages
from alerting.web.oidc import NotSignedInError, Provider, Sent
from alerting.web.readers import people_to_look_as, read_directory_of_the_day
from alerting.web.sessions import SigningIn
from alerting.web.visits import Door, comes_from_here, is_own_path, read_form

if TYPE_CHECKING:
    from fastapi import FastAPI

_SIGN_INS_A_MINUTE = 300
"""From one address, which may be that of a proxy and so of everybody."""
_SHOWN = 60
"""How many people of the made-up council there are to look as."""


def add_routes(application: FastAPI, door: Door) -> None:
    """Add what is asked by those who have not signed in."""
    page = door.council.page
    desk = _Desk(door=door, provider=Provider(settings=page.sign_in, back=f"{page.url}/sign-in/back"))
    application.add_route("/sign-in", desk.ask, methods=["GET"])
    application.add_route("/sign-out", desk.sign_out, methods=["POST"])
    if page.sign_in.type == "oidc":
        application.add_route("/sign-in/start", desk.start, methods=["GET"])
        application.add_route("/sign-in/back", desk.back, methods=["GET"])
    if page.sign_in.type == "look-as":
        application.add_route("/look-as", desk.look_as, methods=["POST"])


@dataclass(frozen=True, kw_only=True)
class _Desk:
    door: Door
    provider: Provider

    async def ask(self, request: Request) -> Response:
        """Show how one signs in."""
        return await run_in_threadpool(self._ask, request)

    def _ask(self, request: Request) -> Response:
        app, kind = self.door.council.app(), self.door.council.page.sign_in.type
        to = self._to(request)
        if kind == "proxy":
            return RedirectResponse(f"{pages.base_of(app)}{to}", 303)
        people = []
        if kind == "look-as":
            with self.door.council.reading() as connection:
                directory = read_directory_of_the_day(connection, self.door.council.today())
            people = people_to_look_as(directory)[:_SHOWN] if directory else []
        named = app.loaded.config.council.administrators
        return pages.show(app, "sign_in.html", to=to, people=people, administrators=named, kind=kind)

    async def start(self, request: Request) -> Response:
        """Send somebody to the council's sign-in."""
        return await run_in_threadpool(self._start, request)

    def _start(self, request: Request) -> Response:
        if not self._may(request):
            return pages.show(self.door.council.app(), "too_many.html", status=429)
        try:
            sent = self.provider.send()
        except NotSignedInError as error:
            return self._refused(error)
        now = self.door.council.now()
        response = RedirectResponse(sent.url, 303)
        begun = SigningIn(
            state=sent.state, nonce=sent.nonce, verifier=sent.verifier, to=self._to(request), begun=int(now.timestamp())
        )
        self.door.sessions.keep_signing_in(response, begun)
        return response

    async def back(self, request: Request) -> Response:
        """Take somebody in who comes back from the council's sign-in."""
        return await run_in_threadpool(self._back, request)

    def _back(self, request: Request) -> Response:
        sessions, now = self.door.sessions, self.door.council.now()
        begun = sessions.read_signing_in(request, now)
        if begun is None:
            return self._refused(NotSignedInError("nobody was sent from this browser, or too long ago"))
        try:
            sent = Sent(url="", state=begun.state, nonce=begun.nonce, verifier=begun.verifier)
            address = self.provider.receive(dict(request.query_params), sent)
        except NotSignedInError as error:
            return self._refused(error)
        response = RedirectResponse(f"{pages.base_of(self.door.council.app())}{begun.to}", 303)
        sessions.keep(response, sessions.begin(address, now), now, new=True)
        sessions.drop_signing_in(response)
        return response

    async def look_as(self, request: Request) -> Response:
        """Let somebody look at the made-up council as one of its people."""
        form = await read_form(request)
        return await run_in_threadpool(self._look_as, request, form)

    def _look_as(self, request: Request, form: Mapping[str, str]) -> Response:
        council, sessions = self.door.council, self.door.sessions
        app = council.app()
        here = request.client is not None and is_loopback(request.client.host)
        # What config.yaml says is asked once more, where it counts.
        council.page.must_suit(app.loaded.config.source.get("type"))
        if not here or council.page.sign_in.type != "look-as" or not comes_from_here(app, request):
            return pages.show(app, "form_refused.html", status=403)
        now, to = council.now(), form.get("to", "/")
        response = RedirectResponse(f"{pages.base_of(app)}{to if is_own_path(to) else '/'}", 303)
        sessions.keep(response, sessions.begin(form.get("person", "")[:320], now), now, new=True)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End a session."""
        form = await read_form(request)
        return await run_in_threadpool(self._sign_out, request, form)

    def _sign_out(self, request: Request, form: Mapping[str, str]) -> Response:
        council, sessions = self.door.council, self.door.sessions
        app, now = council.app(), council.now()
        session, _ = self.door.find_session(request, now)
        if session is not None:
            if not (comes_from_here(app, request) and sessions.is_own_form(session, form.get("token", ""))):
                return pages.show(app, "form_refused.html", status=403)
            with council.store().transaction() as connection:
                page_sessions.end(connection, session.id, now, sessions.longest)
        response = pages.show(app, "signed_out.html", by_proxy=council.page.sign_in.type == "proxy", ended=True)
        sessions.drop(response)
        return response

    def _refused(self, error: NotSignedInError) -> Response:
        says = f"page: somebody was not signed in: {error}"
        self.door.council.log(Entry(event=Event.page_not_signed_in, says=says))
        response = pages.show(self.door.council.app(), "not_signed_in.html", status=403)
        self.door.sessions.drop_signing_in(response)
        return response

    def _may(self, request: Request) -> bool:
        client = request.client.host if request.client else ""
        return self.door.rates.may(f"sign-in {client}", _SIGN_INS_A_MINUTE)

    @staticmethod
    def _to(request: Request) -> str:
        to = request.query_params.get("to", "/")
        return to if is_own_path(to) else "/"
