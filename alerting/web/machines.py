"""Who asks and is no person: a machine that watches the service, known by the token of config.yaml. It reads counts, and no case.

Without a token there is nothing to read: that a request comes from this machine itself says nothing, as a proxy's do too.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from alerting.errors import AlertingError
from alerting.logs import Entry, Event
from alerting.web.council import Council
from alerting.web.visits import Door

A_MINUTE = 60
_SCHEME = "bearer"


def for_machines(door: Door, answering: Callable[[Council], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return a route for whoever shows the token of config.yaml."""

    def answer(request: Request) -> Response:
        council = door.council
        if council.page.token is None:
            return PlainTextResponse("Nothing is shown here.\n", 404)
        if not is_machine(council, request):
            return PlainTextResponse("This takes a token.\n", 401, headers={"WWW-Authenticate": "Bearer"})
        if not door.rates.may("a machine", A_MINUTE):
            return PlainTextResponse("That is too often.\n", 429)
        try:
            return answering(council)
        except AlertingError as error:
            says = f"page: metrics cannot be counted: {error.problem}"
            council.log(Entry(event=Event.store_away, says=says, error=type(error).__name__))
            return PlainTextResponse("The store cannot be reached.\n", 503)

    async def route(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return route


def is_machine(council: Council, request: Request) -> bool:
    """Return whether a request shows the token of config.yaml, which is compared in the same time however much of it is right."""
    token, given = council.page.token, request.headers.getlist("authorization")
    if token is None or len(given) != 1:
        return False
    scheme, _, shown = given[0].partition(" ")
    wanted = token.get_secret_value().encode()
    return scheme.lower() == _SCHEME and hmac.compare_digest(shown.strip().encode("utf-8", "replace"), wanted)
