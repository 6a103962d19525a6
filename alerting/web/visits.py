"""One request of somebody who has signed in: who they are, what they may see, and the answer. Every route goes through `Door`."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerting.app import App
from alerting.errors import HandlingError
from alerting.logs import Entry, Event
from alerting.model import Worded
from alerting.notifications.policy import routes_of
from alerting.store import page_sessions
from alerting.store.store import Transaction
from alerting.web import pages
from alerting.web.council import Council, page_of
from alerting.web.rates import Rates
from alerting.web.readers import Reader, Role, find_reader, read_directory_of_the_day
from alerting.web.scope import Scope, make_scope
from alerting.web.sessions import Session, Sessions
from alerting.web.shown import Shower

_GETS_A_MINUTE, _POSTS_A_MINUTE = 240, 60
_LONGEST_NOTE = 2_000
_NOT_BY_PROXY = "page: a request was turned away: it was not one of `page.sign_in.from` that asked, or its header gave no mail address or several"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request of a reader, within one reading of the store."""

    council: Council
    app: App
    connection: Transaction
    reader: Reader
    #: What of alerts they may see.
    scope: Scope
    token: str
    now: datetime
    today: date
    #: What stands in the path, in the query and, of a form, in its fields: the first of each name.
    path: Mapping[str, str]
    query: Mapping[str, str]
    #: The references that were ticked on a list, each once.
    ticked: Sequence[str]
    form: Mapping[str, str]
    #: Stands for somebody's id in an address, where no id may stand: the same for the same id, and nobody can read it.
    veiled: Callable[[str], str]

    @property
    def as_of(self) -> date | None:
        """The day of the last daily run; None where there was none."""
        last = self.council.store().latest_run("daily", within=self.connection)
        return last.as_of if last else None

    @property
    def zone(self) -> ZoneInfo:
        """The zone that the council counts days in."""
        return self.app.loaded.config.council.zone

    def shower(self) -> Shower:
        """Return what puts the alerts of the reader into words."""
        return Shower(app=self.app, scope=self.scope, today=self.today)

    def text(self, name: str) -> str:
        """Return what stands in a field of the form, without the spaces around it and no longer than a note may be."""
        return self.form.get(name, "").strip()[:_LONGEST_NOTE]

    def show(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page for the reader."""
        return pages.show(self.app, template, status=status, reader=self.reader, token=self.token, today=self.today, **values)

    def nothing_there(self) -> Response:
        """Return the one answer to what there is not, and to what is not for this reader: they must not be told apart."""
        return self.show("nothing_there.html", status=404)

    def go_to(self, path: str) -> Response:
        """Return that the reader goes on to a page of ours."""
        return RedirectResponse(f"{pages.base_of(self.app)}{path}", 303)


def read_number(text: str) -> int | None:
    """Return the number by which a text names a run, a request or the like; None where it can name none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(2**31)) else None


class NotLetIn(Worded):
    """Why a request is not let in."""

    signed_out = "signed_out", "Nobody is signed in."
    too_often = "too_often", "That is too often: try again in a minute."
    not_from_here = "not_from_here", "It was sent from elsewhere, or without the token of the session."
    nobody = "nobody", "Whoever is signed in is nobody here."


@dataclass(frozen=True, kw_only=True)
class TurnedAway:
    """A request that is not let in."""

    why: NotLetIn
    app: App
    request: Request
    #: With which mail address somebody signed in who is nobody, and what the form carries by which they sign out.
    address: str = ""
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class Then:
    """What comes next of one form: done in a visit of its own, once all that was done before is kept.

    So what takes long is looked at while others write, and what is outside of the store is changed once the store says why. Whether
    its sender may ask is found anew each time.
    """

    do: Answering
    to_write: bool


Answering = Callable[[Visit], "Response | Then"]
Refusing = Callable[[Visit, HandlingError], Response]
Turning = Callable[[TurnedAway], Response]


def show_turned_away(turned: TurnedAway) -> Response:
    """Return the page for whoever is not let in."""
    app, request = turned.app, turned.request
    match turned.why:
        case NotLetIn.too_often:
            return pages.show(app, "too_many.html", status=429)
        case NotLetIn.not_from_here:
            return pages.show(app, "form_refused.html", status=403)
        case NotLetIn.nobody:
            return pages.show(app, "nobody.html", status=403, address=turned.address, token=turned.token)
    by_proxy = page_of(app).sign_in.type == "proxy"
    if by_proxy or request.method != "GET":
        return pages.show(app, "signed_out.html", status=403, by_proxy=by_proxy, ended=False)
    to = request.url.path
    return RedirectResponse(f"{pages.base_of(app)}/sign-in" + (f"?to={to}" if is_own_path(to) and to != "/" else ""), 303)


@dataclass(frozen=True, kw_only=True)
class Door:
    """Lets readers in, and nobody else."""

    council: Council
    sessions: Sessions
    rates: Rates = field(default_factory=Rates)

    def behind(
        self,
        answering: Answering,
        refused: Refusing | None = None,
        *,
        roles: frozenset[Role] | None = None,
        to_write: bool = True,
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a route behind the door.

        refused: what is shown of what somebody wanted to do and may not, once nothing is done. roles: for whoever has none of
        them there is nothing there; None where who asks is told apart by what they may see of alerts. to_write: whether its forms
        are answered within a transaction that writes; one that reads the case data must not hold up a run for as long.
        """

        def within_roles(do: Answering) -> Answering:
            def answer(visit: Visit) -> Response | Then:
                if roles is not None and roles.isdisjoint(visit.reader.roles):
                    return visit.nothing_there()
                found = do(visit)
                return replace(found, do=within_roles(found.do)) if isinstance(found, Then) else found

            return answer

        async def route(request: Request) -> Response:
            form = await read_form(request)
            return await run_in_threadpool(lambda: self.enter(request, form, within_roles(answering), refused, to_write=to_write))

        return route

    def enter(
        self,
        request: Request,
        form: Mapping[str, str],
        answering: Answering,
        refused: Refusing | None = None,
        turning: Turning = show_turned_away,
        *,
        to_write: bool = True,
    ) -> Response:
        """Answer a request of somebody who may ask. refused, to_write: as of `behind`. turning: answers whoever is not let in."""
        step: Response | Then = Then(do=answering, to_write=to_write)
        counts = True
        while isinstance(step, Then):
            try:
                step = self._let_in(request, form, step, turning, counts=counts)
            except HandlingError as error:
                if refused is None:
                    raise
                step, refused = Then(do=partial(_refuse, refused, error), to_write=False), None
            # What is begun is not left half done because it takes several steps.
            counts = False
        return step

    def _let_in(
        self, request: Request, form: Mapping[str, str], step: Then, turning: Turning, *, counts: bool
    ) -> Response | Then:
        app, now = self.council.app(), self.council.now()
        session, new = self.find_session(request, now)
        if session is None:
            if page_of(app).sign_in.type == "proxy" and self.rates.may("said of the proxy", 1):
                self.council.log(Entry(event=Event.page_turned_away, says=_NOT_BY_PROXY))
            return turning(TurnedAway(why=NotLetIn.signed_out, app=app, request=request))
        most = _GETS_A_MINUTE if request.method == "GET" else _POSTS_A_MINUTE
        if counts and not self.rates.may(f"{request.method} {session.address}", most):
            return turning(TurnedAway(why=NotLetIn.too_often, app=app, request=request))
        if request.method == "POST" and not (
            comes_from_here(app, request) and self.sessions.is_own_form(session, form.get("token", ""))
        ):
            return turning(TurnedAway(why=NotLetIn.not_from_here, app=app, request=request))
        store = self.council.store()
        today = self.council.today()
        # What a form does is done in the transaction in which its sender was found to be allowed to; asking writes nothing.
        with store.transaction() if request.method == "POST" and step.to_write else store.reading() as connection:
            directory = read_directory_of_the_day(connection, today)
            reader = find_reader(session.address, directory, app.loaded.config.council.administrators, page_of(app))
            if page_sessions.has_ended(connection, session.id):
                ended = turning(TurnedAway(why=NotLetIn.signed_out, app=app, request=request))
                self.sessions.drop(ended)  # whom a proxy has signed in has another from then on
                return ended
            if reader is None:
                token = self.sessions.token(session)
                return turning(TurnedAway(why=NotLetIn.nobody, app=app, request=request, address=session.address, token=token))
            visit = Visit(
                council=self.council,
                app=app,
                connection=connection,
                reader=reader,
                scope=make_scope(reader, directory, routes_of(app.book.every), store, connection),
                token=self.sessions.token(session),
                now=now,
                today=today,
                path={name: str(value) for name, value in request.path_params.items()},
                query=dict(request.query_params),
                ticked=tuple(dict.fromkeys(request.query_params.getlist("ref"))),
                form=form,
                veiled=self.sessions.veiled,
            )
            response = step.do(visit)
        if isinstance(response, Response):
            self.sessions.keep(response, session, now, new=new)
        return response

    def find_session(self, request: Request, now: datetime) -> tuple[Session | None, bool]:
        """Return the session of a request, and whether it is new; None of whoever has not signed in."""
        session = self.sessions.read(request, now)
        page = self.council.page
        if page.sign_in.type != "proxy":
            return session, False
        said = said_by_proxy(request, page.sign_in.header or "", page.sign_in.from_)
        if said is None:
            return None, False
        if session is not None and session.address == said:
            return session, False
        return self.sessions.begin(said, now), True


def _refuse(refused: Refusing, error: HandlingError, visit: Visit) -> Response:
    return refused(visit, error)


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form, the first of each name; nothing of what is no form."""
    if request.method != "POST" or request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
        return {}
    async with request.form(max_fields=50, max_files=0) as form:
        return {name: value for name, value in reversed(form.multi_items()) if isinstance(value, str)}


def comes_from_here(app: App, request: Request) -> bool:
    """Return whether a form was sent by a page of ours, as far as the browser says."""
    parts = urlsplit(page_of(app).url)
    origin = request.headers.get("origin")
    ours = {f"{parts.scheme}://{parts.netloc}", f"http://{request.headers.get('host', '')}" if parts.scheme == "http" else ""}
    return (origin is None or origin in ours) and request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def said_by_proxy(request: Request, header: str, believed: tuple[str, ...]) -> str | None:
    """Return the mail address that a proxy gives; None where it is not the proxy that asks, or it gives none, or several."""
    values = request.headers.getlist(header)
    if request.client is None or len(values) != 1 or not values[0].strip():
        return None
    try:
        client = ipaddress.ip_address(request.client.host)
    except ValueError:
        return None
    from_proxy = any(client in ipaddress.ip_network(network, strict=False) for network in believed)
    return values[0].strip() if from_proxy else None


def is_own_path(to: str) -> bool:
    """Return whether a text is the path of a page of ours, and nothing that a browser takes for another address."""
    return (
        to.startswith("/")
        and len(to) <= 100
        and all(part.replace("-", "").isalnum() and part.isascii() for part in to[1:].split("/") if part)
        and "//" not in to
    )
