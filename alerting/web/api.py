"""`/api/v1`: what the page shows and does, for programs; for whoever is signed in, by the same door, scope and acts as the page.

A machine that shows the token of config.yaml reads runs and health, and nothing else. An act carries the token of its session, as a form does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from alerting.errors import HandlingError
from alerting.formatting import capital
from alerting.store.service_counts import count_open_by_level
from alerting.store.store import Transaction
from alerting.web.acting import DONE, do, hold, stand_of
from alerting.web.alert_page import Waiting, history_of, waiting_of
from alerting.web.api_shapes import (
    ActAsked,
    ActDone,
    AlertRow,
    AlertRows,
    AlertsAsked,
    AlertShown,
    Fact,
    Health,
    HistoryRow,
    Me,
    RuleRow,
    RunRow,
    WaitingRow,
)
from alerting.web.council import Council
from alerting.web.machines import A_MINUTE, is_machine
from alerting.web.my_list import Wanted
from alerting.web.problems import FOR_PROGRAMS, MEDIA_TYPE, Problem, problem
from alerting.web.readers import SEE_RUNS, Role
from alerting.web.readiness import why_not_ready
from alerting.web.run_line import line_of
from alerting.web.shown import Shown
from alerting.web.visits import Answering, Door, NotLetIn, TurnedAway, Visit

_ROOT = f"{FOR_PROGRAMS}v1"
_RUNS = 30
_TOKEN = "X-Form-Token"  # noqa: S105  (the name of a header)
_STATUS = {NotLetIn.signed_out: 401, NotLetIn.too_often: 429, NotLetIn.not_from_here: 403, NotLetIn.nobody: 403}
_SAYS = {
    400: "What was sent is no text.",
    401: "Nobody is signed in, and no token is shown that opens this.",
    403: "Whoever is signed in is nobody here, or the act does not carry the token of the session.",
    404: "There is none, or none for whoever asks.",
    409: "It was not done, and `detail` says why.",
    422: "It is not asked for in this shape.",
    429: "It is asked for too often.",
    503: "The store cannot be reached: nothing was done.",
}


def add_routes(application: FastAPI, door: Door) -> None:
    """Add what programs ask."""
    api = _Api(door=door)
    application.title, application.version = "Practice alerts", version("practice-alerts")
    routes: list[tuple[str, str, Callable[..., Any], type[BaseModel] | Any, tuple[int, ...]]] = [
        ("GET", "/me", api.me, Me, ()),
        ("GET", "/alerts", api.alerts, AlertRows, (422,)),
        ("GET", "/alerts/{ref}", api.alert, AlertShown, (404, 422)),
        ("POST", "/alerts/{ref}/acts/{act}", api.act, ActDone, (400, 404, 409, 422)),
        ("GET", "/rules", api.rules, list[RuleRow], ()),
        ("GET", "/runs", api.runs, list[RunRow], (404,)),
        ("GET", "/health", api.health, Health, (404,)),
    ]
    for method, path, answering, shape, more in routes:
        said: dict[int | str, dict[str, Any]] = {status: _documented(status) for status in sorted({401, 403, 429, 503, *more})}
        application.add_api_route(_ROOT + path, answering, methods=[method], response_model=shape, responses=said)

    async def document(request: Request) -> Response:
        return await api.for_readers_or_machines(request, lambda _, __: JSONResponse(application.openapi()), roles=None)

    application.add_route(f"{_ROOT}/openapi.json", document, methods=["GET"])
    application.add_exception_handler(RequestValidationError, api.misshapen)


@dataclass(frozen=True, kw_only=True)
class _Api:
    """Answers programs."""

    door: Door

    async def me(self, request: Request) -> Response:
        """Who asks, and the token that their acts carry."""
        return await self._enter(request, lambda visit: _json(_me(visit)))

    async def alerts(self, request: Request, asked: Annotated[AlertsAsked, Query()]) -> Response:
        """My alerts, the most serious first."""
        return await self._enter(request, lambda visit: _json(_rows(visit, asked)))

    async def alert(self, request: Request, ref: str) -> Response:
        """An alert, with what was recorded and what happened to it."""
        return await self._enter(request, _alert)

    async def act(
        self, request: Request, ref: str, act: str, asked: ActAsked, token: Annotated[str, Header(alias=_TOKEN)] = ""
    ) -> Response:
        """Do something about an alert: `acknowledge`, `recorded`, `snooze`, `assign`, `data-error`, `not-useful`, `close`, `take-back`, `withdraw`, `approve`, `judge`."""
        form = {name: str(value) for name, value in asked.model_dump(exclude_none=True).items()}
        return await self._enter(request, _act, form | {"token": token}, refused=_refused)

    async def rules(self, request: Request) -> Response:
        """The rules of the council."""
        return await self._enter(request, lambda visit: _json(_rules(visit)))

    async def runs(self, request: Request) -> Response:
        """The last runs, in counts; for a machine's token too."""
        return await self.for_readers_or_machines(request, lambda council, connection: _json(_runs(council, connection)))

    async def health(self, request: Request) -> Response:
        """How the service goes; for a machine's token too."""
        return await self.for_readers_or_machines(request, lambda council, connection: _json(_health(council, connection)))

    async def misshapen(self, request: Request, error: Exception) -> Response:
        """Say to whoever is let in that what they asked for does not fit; to others no more than that they are not."""
        token = request.headers.get(_TOKEN, "")
        return await self._enter(request, lambda _: _misshapen(error), {"token": token})

    async def _enter(self, request: Request, answering: Answering, form: Mapping[str, str] | None = None, **how: Any) -> Response:
        return await run_in_threadpool(self.door.enter, request, form or {}, answering, turning=_turned, **how)

    async def for_readers_or_machines(
        self, request: Request, answering: Callable[[Council, Transaction], Response], roles: frozenset[Role] | None = SEE_RUNS
    ) -> Response:
        """Answer whoever has one of the roles, with None whoever is signed in, and a machine that shows its token."""
        council = self.door.council

        def of_machine() -> Response:
            if not self.door.rates.may("a machine", A_MINUTE):
                return problem(429)
            with council.reading() as connection:
                return answering(council, connection)

        def of_reader(visit: Visit) -> Response:
            may = roles is None or bool(visit.reader.roles & roles)
            return answering(council, visit.connection) if may else problem(404)

        if await run_in_threadpool(is_machine, council, request):
            return await run_in_threadpool(of_machine)
        return await self._enter(request, of_reader)


# ------------------------------------------------------------------ what is not answered


def _turned(turned: TurnedAway) -> Response:
    return problem(_STATUS[turned.why], turned.why.words)


def _refused(_: Visit, error: HandlingError) -> Response:
    return problem(409, f"{capital(error.problem)}.")


def _misshapen(error: Exception) -> Response:
    """Return where what was asked for does not fit, and not what stands there."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    # What there is not is not named: its name is whatever somebody sent.
    places = [".".join(map(str, one["loc"][:-1] if one["type"] == "extra_forbidden" else one["loc"])) for one in found]
    return problem(422, f"Not as it has to be: {', '.join(places)}.")


def _documented(status: int) -> dict[str, Any]:
    return {"description": _SAYS[status], "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}


def _json(shape: BaseModel | Sequence[BaseModel]) -> Response:
    """Return a shape, or several, as JSON."""
    return JSONResponse(
        shape.model_dump(mode="json") if isinstance(shape, BaseModel) else [one.model_dump(mode="json") for one in shape]
    )


# ------------------------------------------------------------------ what is answered


def _me(visit: Visit) -> Me:
    return Me(name=visit.reader.name, roles=sorted(visit.reader.roles), token=visit.token)


def _rows(visit: Visit, asked: AlertsAsked) -> AlertRows:
    wanted = Wanted(whose=asked.whose, show=asked.show, rule=asked.rule, level=asked.level or "")
    chosen, shower = wanted.choose(visit, wanted.read(visit)), visit.shower()
    part = chosen[asked.offset : asked.offset + asked.limit]
    return AlertRows(as_of=visit.as_of, total=len(chosen), alerts=[_row(shower.show(alert)) for alert in part])


def _alert(visit: Visit) -> Response:
    alert = visit.scope.find(visit.path["ref"])
    if alert is None:
        return problem(404)
    shower = visit.shower()
    return _json(
        AlertShown(
            alert=_row(shower.show(alert)),
            facts=[Fact(name=name, value=value) for name, value in shower.facts(alert)],
            history=[HistoryRow(at=one.at, says=one.says, note=one.note) for one in history_of(visit, alert, shower)],
            waiting=[_waiting(one) for one in waiting_of(visit, alert, shower)],
            stand=stand_of(alert),
        )
    )


def _waiting(one: Waiting) -> WaitingRow:
    return WaitingRow(
        request=str(one.number),
        to_be=one.to_be,
        by=one.by,
        note=one.note,
        may_approve=one.may_approve,
        may_withdraw=one.may_withdraw,
    )


def _act(visit: Visit) -> Response:
    alert, wanted = hold(visit), visit.path["act"]
    if alert is None:
        return problem(404)
    name = "asked" if do(visit, wanted, alert, visit.form["stand"]) else wanted
    return _json(ActDone(ref=alert.ref, done=name, says=DONE[name]))


def _row(one: Shown) -> AlertRow:
    return AlertRow(
        ref=one.alert.ref,
        rule=one.alert.code,
        title=one.title,
        level=one.alert.level.name,
        section=one.section,
        about=one.heading,
        sentence=one.sentence,
        due=one.alert.due,
        over=one.over,
        since=one.alert.first_seen,
        worker=one.worker,
        team=one.team,
        notes=list(one.notes),
    )


def _rules(visit: Visit) -> list[RuleRow]:
    book = visit.app.book
    states = [(rule, "shadow" if rule.file.shadow else "on") for rule in book.rules] + [(rule, "off") for rule in book.off]
    rows = [
        RuleRow(code=rule.code, id=rule.id, title=rule.file.title, job=rule.file.job, owner=rule.file.owner, state=state)
        for rule, state in states
    ]
    return sorted(rows, key=lambda row: row.code)


def _runs(council: Council, connection: Transaction) -> list[RunRow]:
    zone = council.app().loaded.config.council.zone
    lines = [line_of(run, zone) for run in council.store().recent_runs(_RUNS, connection)]
    return [
        RunRow(
            run=line.number,
            job=line.job,
            as_of=line.as_of,
            started_at=line.started_at,
            status=line.status,
            new=line.new,
            resolved=line.resolved,
            held=line.held,
            sent=line.sent,
            to_look_at=len(line.look_at),
        )
        for line in lines
    ]


def _health(council: Council, connection: Transaction) -> Health:
    store, opened = council.store(), {level.name: count for level, count in count_open_by_level(connection).items()}
    why, last = why_not_ready(council.app(), store, connection, council.now()), store.latest_run("daily", within=connection)
    return Health(ready=why is None, why=why or "", as_of=last.as_of if last else None, open=opened)
