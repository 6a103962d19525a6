"""Pages in words: the templates of `templates/`, in which everything that comes from anywhere is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from alerting.app import App
from alerting.council_people import Leader
from alerting.formatting import as_csv, capital, day, plural
from alerting.notifications.messages import layouts
from alerting.web.council import page_of
from alerting.web.readers import Reader
from alerting.web.sections import sections_of

_HERE = Path(__file__).parent


def show(
    app: App, template: str, *, status: int = 200, reader: Reader | None = None, token: str = "", **values: Any
) -> HTMLResponse:
    """Return a page. token: what its forms carry; without a reader it has none."""
    council = app.loaded.config.council
    at_hand = {
        "council": council.name,
        "stamp": council.stamped,
        "base": base_of(app),
        "reader": reader,
        "token": token,
        "looks_as": page_of(app).sign_in.type == "look-as",
        "sections": sections_of(reader),
        "has_trends": reader is not None and (reader.manages or _leads(reader, council.leadership)),
    }
    # A page's own value that had the name of one of these would change what stands around every page, such as its links: it is a TypeError.
    return HTMLResponse(_templates().get_template(template).render(**at_hand, **values), status)


def table(name: str, rows: Iterable[Iterable[object]]) -> Response:
    """Return rows as a table for a spreadsheet, in a file of this name."""
    # With a mark by which spreadsheets know that it is UTF-8.
    return Response(
        "\ufeff" + as_csv(rows), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _leads(reader: Reader, leadership: Iterable[Leader]) -> bool:
    return any(one.address.lower() == reader.address or one.worker_id in reader.ids for one in leadership)


def base_of(app: App) -> str:
    """Return the path under which people open the page, as links begin; empty where it is the root."""
    return urlsplit(page_of(app).url).path.rstrip("/")


def style(app: App) -> Response:
    """Return how pages look, with the council's colour."""
    text = (_HERE / "static" / "page.css").read_text("utf-8")
    colour = f":root {{ --council: {page_of(app).colour}; }}\n"
    return Response(colour + text, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader((_HERE / "templates", layouts.FOLDER)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"capital": capital, "day": day, "plural": plural}
    return environment
