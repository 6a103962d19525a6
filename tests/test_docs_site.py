"""The docs as a site: every page is there and says what it says in the repository, search finds it, and nobody else is asked for anything."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.test_web_keyboard import PLAYWRIGHT

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"])
KINDS = {
    "docs/tutorial": "Tutorial",
    "docs/how-to/": "How-to",
    "docs/reference/": "Reference",
    "docs/explanation/": "Explanation",
}
BLOCKS = {"h1", "h2", "h3", "h4", "li", "td", "th", "pre"}
SEARCH = """
const [, playwright, address, browser] = process.argv;
(async () => {
  const program = await require(playwright).chromium.launch({ executablePath: browser, args: ["--no-sandbox", "--disable-background-networking"] });
  const page = await program.newPage(), asked = new Set();
  page.on("request", (request) => { if (!/^(data|blob):/.test(request.url())) asked.add(new URL(request.url()).origin); });
  await page.goto(`${address}/index.html`);
  await page.getByRole("textbox", { name: "Search" }).click();
  await page.keyboard.type("bounces");
  const first = (await page.locator(".md-search-result__link").first().innerText()).trim();
  console.log(JSON.stringify({ first, asked: [...asked] }));
  await program.close();
})().catch((error) => { console.error(error.message); process.exit(1); });
"""
LOOK = """
const [, playwright, address, browser, axe, ...pages] = process.argv;
(async () => {
  const program = await require(playwright).chromium.launch({ executablePath: browser, args: ["--no-sandbox", "--disable-background-networking"] });
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    const context = await program.newContext({ bypassCSP: true, colorScheme, viewport: { width: 360, height: 780 } });
    for (const path of pages) {
      const page = await context.newPage();
      await page.goto(`${address}/${path}`);
      await page.evaluate(require("fs").readFileSync(axe, "utf8"));
      const seen = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
      found.push(...seen.violations.map((one) => `${colorScheme} ${path}: ${one.id} ${one.nodes[0].html}`));
      if (await page.evaluate("document.documentElement.scrollWidth > innerWidth")) found.push(`${colorScheme} ${path}: too wide`);
    }
  }
  console.log(JSON.stringify(found));
  await program.close();
})().catch((error) => { console.error(error.message); process.exit(1); });
"""
AXE = ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
in_a_browser = pytest.mark.skipif(
    not (PLAYWRIGHT.is_dir() and AXE.is_file() and shutil.which("node")),
    reason="there is no playwright-core or no axe-core: .ci/run installs them",
)
pytestmark = pytest.mark.slow


def name(page: Path) -> str:
    """Return a page by its path in the repository, without its ending."""
    return page.relative_to(ROOT).with_suffix("").as_posix()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, by a strict build: a link that leads nowhere, or a page without a place, would have stopped it."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


def shown(site: Path, page: Path) -> str:
    """Return a page as the site has it."""
    return (site / f"{re.sub('README$', 'index', name(page))}.html").read_text(encoding="utf-8")


class Blocks(HTMLParser):
    """The headings, items, cells and examples of an article, each with the text up to the next, and its pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self._aside = False
        self.feed(re.search(r"<article.*</article>", html, re.DOTALL)[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and dict(attrs).get("class") == "headerlink":
            self._aside = True
        elif tag in BLOCKS:
            self.found.append((tag, []))
        elif tag == "img":
            self.found.append((tag, [dict(attrs).get("alt") or ""]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._aside = False

    def handle_data(self, text: str) -> None:
        if self.found and not self._aside:
            self.found[-1][1].append(text)

    def said(self) -> list[tuple[str, str]]:
        return [(tag, " ".join("".join(texts).split())) for tag, texts in self.found]


def test_every_page_says_on_the_site_what_it_says_in_the_repository(site: Path) -> None:
    reader = MarkdownIt("commonmark").enable("table")
    differing = {}
    for page in PAGES:
        there = Blocks(f"<article>{reader.render(page.read_text(encoding='utf-8'))}</article>").said()
        here = Blocks(shown(site, page)).said()
        differing[name(page)] = next((both for both in zip(there, here, strict=False) if both[0] != both[1]), None)
        assert len(there) == len(here) or differing[name(page)]

    assert {page: both for page, both in differing.items() if both} == {}


def test_each_kind_of_page_is_found_under_its_own_name(site: Path) -> None:
    for page in PAGES:
        tabs = re.findall(r'md-tabs__item--active">\s*<a[^>]*>\s*([^<]*?)\s*<', shown(site, page))
        for start, kind in KINDS.items():
            if name(page).startswith(start):
                assert tabs == [kind], name(page)
        assert len(tabs) == 1, name(page)


def test_search_has_every_page(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}

    assert {f"{re.sub('README$', 'index', name(page))}.html" for page in PAGES} <= found


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loaded = []
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        tags = re.findall(r"<(?:script|link|img|iframe|source|object|embed|form|video|audio)\b[^>]*>", text)
        loaded += [(file.name, tag) for tag in tags if re.search(r"""(?:src|srcset|href|data|action)=["']?(?:\w+:)?//""", tag)]
        assert """content="default-src 'self';""" in text.partition("</head>")[0], file.name
    for file in site.rglob("*.css"):
        urls = re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')]*", file.read_text(encoding="utf-8"))
        loaded += [(file.name, url) for url in urls]

    assert loaded == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where the site is shown on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def by_playwright(script: str, *given: str) -> Any:
    """Return what a script prints that drives a browser."""
    done = subprocess.run(
        [str(shutil.which("node")), "-e", script, str(PLAYWRIGHT), *given],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return json.loads(done.stdout)


@in_a_browser
def test_somebody_who_searches_finds_the_page_and_nobody_else_is_asked(address: str, chromium: str) -> None:
    found = by_playwright(SEARCH, address, chromium)

    assert found["first"].startswith("Notice bounces")
    assert found["asked"] == [address]


@in_a_browser
def test_a_page_can_be_read_by_everybody_on_a_telephone_too(address: str, chromium: str) -> None:
    pages = ["index.html", "docs/how-to/go-live.html", "docs/explanation/information-governance.html"]

    assert by_playwright(LOOK, address, chromium, str(AXE), *pages) == []
