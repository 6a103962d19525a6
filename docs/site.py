"""What MkDocs is told when it makes the docs a site: which files, in which order, and that its pages ask nobody else for anything.

A page stands on the site under its path in the repository, README.md as the first page. So a link from one file of the repository to
another is the same link on the site, and a strict build finds one that leads nowhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pymdownx.slugs import slugify

ROOT = Path(__file__).parent.parent
SHOWN = ("*.md", "LICENSE", "bench/README.md", "docs/**/*.md", "docs/images/*", "docs/site.css")

# A browser holds the page to it, whatever a later release of the theme would like to load.
NOBODY_ELSE = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; worker-src 'self' blob:\">"
)


def shown() -> list[str]:
    """Return the files of the repository that the site has, by their paths in it."""
    return sorted({path.relative_to(ROOT).as_posix() for pattern in SHOWN for path in ROOT.glob(pattern)})


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill in the lines of the navigation that have a star, and name headings as the repository's pages do in their links."""
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    pages = [path for path in shown() if path.endswith(".md")]
    named = {line for line in _lines(config.nav) if "*" not in line}
    config.nav = _filled(config.nav, pages, named)
    return config


def _lines(part: Any) -> Iterator[str]:
    """Return the paths that a part of the navigation has, in their order."""
    if isinstance(part, str):
        yield part
    else:
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _lines(inner)


def _filled(part: Any, pages: list[str], named: set[str]) -> Any:
    """Return a part of the navigation with a line for each page that a star stands for. named: what has its line, and gets no other."""
    if isinstance(part, dict):
        return {title: _filled(inner, pages, named) for title, inner in part.items()}
    if isinstance(part, str):
        return part
    lines: list[Any] = []
    for inner in part:
        if isinstance(inner, str) and "*" in inner:
            folder = posixpath.dirname(inner)
            found = [
                page for page in pages if posixpath.dirname(page) == folder and fnmatchcase(page, inner) and page not in named
            ]
            named.update(found)
            lines += found
        else:
            lines.append(_filled(inner, pages, named))
    return lines


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Return the repository's files in the place of those of the folder docs, and what the theme brings."""
    ours = [File(path, str(ROOT), config.site_dir, config.use_directory_urls) for path in shown()]
    return Files([*ours, *(file for file in files if file.src_dir != config.docs_dir)])


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return a page whose code in tables has its strokes as they are: the repository's reader wants a backslash before them, MkDocs shows it."""
    return re.sub(
        r"^\|.*$", lambda row: re.sub(r"`[^`]+`", lambda code: code[0].replace(r"\|", "|"), row[0]), markdown, flags=re.MULTILINE
    )


def on_post_page(output: str, **_: object) -> str:
    """Return a page that says to its browser to load nothing from elsewhere."""
    return output.replace("<head>", f"<head>{NOBODY_ELSE}", 1)


on_post_template = on_post_page
"""The page that stands where there is none, too."""
