"""What a program is answered where something is not to be had: `application/problem+json` (RFC 9457). It quotes nothing of the request."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse

FOR_PROGRAMS = "/api/"
"""What the paths begin with that programs ask."""
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why something is not answered or not done."""

    model_config = ConfigDict(frozen=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(default="", description="What to do about it, where there is something")


def problem(status: int, detail: str = "") -> JSONResponse:
    """Return the answer to a program of which nothing came."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body.model_dump(), status, media_type=MEDIA_TYPE, headers=headers)


def is_for_programs(request: Request) -> bool:
    """Return whether a program asks, and no browser for a page."""
    return request.url.path.startswith(FOR_PROGRAMS)
