"""The layouts of messages and pages, the files of `templates/`: values put into them, and styles put where mail programs look for them."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from css_inline import CSSInliner
from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from alerting.formatting import day, plural

FOLDER = Path(__file__).parent / "templates"
"""Where the layouts are; the page draws its pictures by the same `chart.html`."""


def lay_out(template: str, **values: object) -> str:
    """Return a layout with values put in, each escaped where it meets HTML."""
    return _layouts().get_template(template).render(values)


def inline(html: str) -> str:
    """Return a page of HTML with its styles at each element: a mail program may read no others."""
    return _inliner().inline(html)


@cache
def _layouts() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        auto_reload=False,  # nobody changes them while the program runs
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {"day": day, "plural": plural, "in_address": partial(quote, safe="")}
    environment.filters |= filters
    return environment


@cache
def _inliner() -> CSSInliner:
    # The rules for dark mode and phones cannot be inlined and stay in the head. Nothing is fetched.
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
