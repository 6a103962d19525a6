"""The page as one application: its guard, its door, its routes."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from alerting.errors import AlertingError, StoreError
from alerting.logs import Entry, Event
from alerting.web import api, pages, signing_in
from alerting.web.acting import act
from alerting.web.alert_page import show_alert, show_refused
from alerting.web.council import Council
from alerting.web.cover_page import end_cover, say_cover, show_cover, show_cover_refused
from alerting.web.drafts_page import (
    act_on_draft,
    begin_draft,
    refused_when_written,
    show_draft,
    show_draft_refused,
    show_draft_tried,
    show_drafts,
    show_not_begun,
    when_drafts_are_written,
)
from alerting.web.explain_page import explain_alert, explain_subject, show_not_explained
from alerting.web.guard import Guard
from alerting.web.judging_page import show_judging
from alerting.web.looked_round import Showing, look_again
from alerting.web.looked_round import refused as refused_when_looked
from alerting.web.looked_round import shown as shown_when_looked
from alerting.web.machines import for_machines
from alerting.web.messages_page import show_messages, show_not_tried, try_again
from alerting.web.my_list import save_list, show_list
from alerting.web.people_page import show_people
from alerting.web.plan_page import show_plan
from alerting.web.preferences_page import keep_preferences, show_preferences
from alerting.web.problems import is_for_programs, problem
from alerting.web.readiness import why_not_ready
from alerting.web.rules_page import show_coverage, show_rule, show_rules
from alerting.web.sections import JUDGING, MESSAGES, PEOPLE, PLAN, RULES, SOURCES, TODAY, TRAIL, WAITING, Section
from alerting.web.service_page import show_run, show_service
from alerting.web.sessions import Sessions, read_key
from alerting.web.several import act_on_several, show_several
from alerting.web.sources_page import map_one, show_sources
from alerting.web.trail_page import save_events, show_events, show_not_found, show_trail
from alerting.web.trends_page import show_trends
from alerting.web.try_page import show_looked_back, show_tried
from alerting.web.visits import Answering, Door, Refusing
from alerting.web.waiting_page import act_on_waiting, show_not_released, show_waiting


def make_application(council: Council) -> ASGIApp:
    """Return the page of a council. Raises ConfigError where its sessions cannot be signed."""
    page = council.page
    application = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    door = Door(council=council, sessions=Sessions(page, read_key(page, council.app().loaded.folder)))
    _add_watching(application, council, door)
    signing_in.add_routes(application, door)
    application.add_route("/", door.behind(show_list), methods=["GET"])
    application.add_route("/several", door.behind(show_several), methods=["GET"])
    application.add_route("/several", door.behind(act_on_several), methods=["POST"])
    application.add_route("/cover", door.behind(show_cover), methods=["GET"])
    application.add_route("/cover", door.behind(say_cover, show_cover_refused), methods=["POST"])
    application.add_route("/cover/end", door.behind(end_cover, show_cover_refused), methods=["POST"])
    application.add_route("/preferences", door.behind(show_preferences), methods=["GET"])
    application.add_route("/preferences", door.behind(keep_preferences), methods=["POST"])
    application.add_route("/trends", door.behind(show_trends), methods=["GET"])
    application.add_route("/list.csv", door.behind(save_list, to_write=False), methods=["POST"])
    application.add_route("/a/{ref}", door.behind(show_alert), methods=["GET"])
    application.add_route("/a/{ref}/explain", door.behind(explain_alert, to_write=False), methods=["POST"])
    application.add_route("/a/{ref}/{act}", door.behind(act, show_refused), methods=["POST"])
    _add_service(application, door)
    api.add_routes(application, door)
    _add_failing(application, council)
    return Guard(app=application, url=page.url, listens=(page.host, page.port), log=council.log)


def _add_service(application: FastAPI, door: Door) -> None:
    """Add the pages about the service itself, each for whoever has a role of its section."""
    shown: list[tuple[Section, str, Answering]] = [
        (TODAY, "", show_service),
        (TODAY, "/runs/{run}", show_run),
        (WAITING, "", show_waiting),
        (MESSAGES, "", show_messages),
        (PEOPLE, "", shown_when_looked(show_people)),
        (RULES, "", show_rules),
        (RULES, "/coverage", shown_when_looked(show_coverage)),
        (RULES, "/drafts", when_drafts_are_written(show_drafts)),
        (RULES, "/drafts/{draft}", when_drafts_are_written(show_draft)),
        (RULES, "/drafts/{draft}/try", when_drafts_are_written(show_draft_tried)),
        (RULES, "/{code}", show_rule),
        (RULES, "/{code}/try", show_tried),
        (RULES, "/{code}/backtest", show_looked_back),
        (JUDGING, "", show_judging),
        (SOURCES, "", shown_when_looked(show_sources)),
        (PLAN, "", shown_when_looked(show_plan)),
        (TRAIL, "", show_trail),
    ]
    done: list[tuple[Section, str, Answering, Refusing]] = [
        (WAITING, "/{act}", act_on_waiting, show_not_released),
        (MESSAGES, "/try-again", try_again, show_not_tried),
        (RULES, "/drafts", when_drafts_are_written(begin_draft), refused_when_written(show_not_begun)),
        (SOURCES, "/map", map_one, refused_when_looked(show_sources)),
        (TRAIL, "", show_events, show_not_found),
        (TRAIL, ".csv", save_events, show_not_found),
    ]
    # These look at what takes long before they write anything.
    looked: list[tuple[Section, str, Answering, Refusing]] = [
        (RULES, "/drafts/{draft}/{act}", when_drafts_are_written(act_on_draft), refused_when_written(show_draft_refused)),
        (RULES, "/{code}/explain", explain_subject, show_not_explained),
        *_looking_again(
            (PEOPLE, "", show_people), (RULES, "/coverage", show_coverage), (SOURCES, "", show_sources), (PLAN, "", show_plan)
        ),
    ]
    for section, path, show in shown:
        application.add_route(section.path + path, door.behind(show, roles=section.roles), methods=["GET"])
    for to_write, forms in ((True, done), (False, looked)):
        for section, path, act_on, refused in forms:
            route = door.behind(act_on, refused, roles=section.roles, to_write=to_write)
            application.add_route(section.path + path, route, methods=["POST"])


def _looking_again(*pages_: tuple[Section, str, Showing]) -> Iterator[tuple[Section, str, Answering, Refusing]]:
    """Return the forms by which the case data is looked at anew, of pages that show what was found."""
    for section, path, showing in pages_:
        yield section, f"{path}/look", look_again(section.path + path), refused_when_looked(showing)


def _add_watching(application: FastAPI, council: Council, door: Door) -> None:
    """Add what those who run the machine ask: nobody signs in for it, and it says nothing of a case."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    def ready() -> Response:
        try:
            with council.reading() as connection:
                why = why_not_ready(council.app(), council.store(), connection, council.now())
        except AlertingError:
            why = "the store cannot be reached"
        return PlainTextResponse(f"{why or 'ready'}\n", 503 if why else 200)

    async def readyz(_: Request) -> Response:
        return await run_in_threadpool(ready)

    def metrics(council: Council) -> Response:
        # Read where it is asked for, as most councils have nothing that does.
        from alerting.web.metrics import show_metrics

        return show_metrics(council)

    async def css(_: Request) -> Response:
        return await run_in_threadpool(lambda: pages.style(council.app()))

    application.add_route("/healthz", healthz, methods=["GET"])
    application.add_route("/readyz", readyz, methods=["GET"])
    application.add_route("/metrics", for_machines(door, metrics), methods=["GET"])
    application.add_route("/page.css", css, methods=["GET"])


def _add_failing(application: FastAPI, council: Council) -> None:
    """Add what is shown where something goes wrong: a plain page, a problem to a program, and nothing of the code."""

    async def not_found(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if is_for_programs(request):
            return problem(status)
        return pages.show(council.app(), "nothing_there.html", status=status)

    async def store_away(request: Request, error: Exception) -> Response:
        says = f"page: {error.problem if isinstance(error, StoreError) else 'the store cannot be reached'}"
        council.log(Entry(event=Event.store_away, says=says, error=type(error).__name__))
        if is_for_programs(request):
            return problem(503, "The store cannot be reached: nothing was done.")
        return pages.show(council.app(), "store_away.html", status=503)

    async def failed(request: Request, __: Exception) -> Response:  # the guard logs it, as it comes by there too
        if is_for_programs(request):
            return problem(500)
        return pages.show(council.app(), "failed.html", status=500)

    application.add_exception_handler(HTTPException, not_found)
    application.add_exception_handler(StoreError, store_away)
    application.add_exception_handler(Exception, failed)
