"""The demo's first page: what each kind of reader gets, then every message; and a day of its own, on which it stays."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from base64 import b64encode
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.commands import cli
from tests.case_rows import shipped

pytestmark = pytest.mark.slow

LABELS = [
    "A worker", "A team manager on a quiet day", "A team manager on a bad day", "A service manager", "A head of service", "A director",
    "The weekly summary", "The board page", "A team channel's card",
]  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("made") / "demo"
    made = CliRunner().invoke(cli, ["demo", "--dir", str(folder), "--children", "300", "--days", "2"])
    assert made.exit_code == 0, made.output
    return folder, made.output


def page(folder: Path) -> str:
    return (folder / "index.html").read_text("utf-8")


def title_of(html: str, folder: Path, chromium: str) -> str:
    """Return what a page's scripts have made its title."""
    (folder / "page.html").write_text(html, "utf-8")
    options = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --dump-dom".split()
    shown = subprocess.run(
        [chromium, *options, f"--user-data-dir={folder / 'profile'}", (folder / "page.html").as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    [title] = re.findall(r"<title>(.*?)</title>", shown.stdout, re.DOTALL)
    return str(title)


def test_it_runs_its_days_and_says_where_to_look(demo: tuple[Path, str]) -> None:
    folder, said = demo

    assert "people were told" in said
    assert (folder / "index.html").as_uri() in said


def test_the_rules_of_each_job_are_asked(demo: tuple[Path, str]) -> None:
    listed = CliRunner().invoke(cli, ["--config", str(demo[0] / "config.yaml"), "alerts", "list", "--json"])
    jobs = {rule.code: rule.file.job for rule in shipped().rules}

    assert {jobs[one["code"]] for one in json.loads(listed.stdout)} == {"daily", "weekly", "monthly"}


def test_it_opens_with_a_labelled_message_of_each_kind_of_reader(demo: tuple[Path, str]) -> None:
    html = page(demo[0])
    labels = re.findall(r"<h3>(?:<a href=\"[^\"]+\">)?([^<]+)", html.partition("Every message")[0])

    assert list(map(unescape, labels)) == LABELS
    assert html.index("All of it is made up.") < html.index("<h1>")
    summaries = re.findall(r'<a href="(outbox/[^"]+)">(?:A head of service|A director|The weekly summary)<', html)
    assert len(summaries) == 3
    for name in summaries:
        assert "Practice alerts: the week" in (demo[0] / name).read_text("utf-8")


def test_every_message_is_a_line_and_every_link_leads_to_a_file(demo: tuple[Path, str]) -> None:
    folder, html = demo[0], page(demo[0])
    links = re.findall(r'href="([^"]+)"', html)

    assert [link for link in links if not (folder / link).is_file()] == []
    listed = re.findall(r'href="([^"]+)"', html.partition("Every message")[2])
    pages = [
        path.relative_to(folder).as_posix() for kind in ("outbox", "channel") for path in (folder / kind).glob("2026-*.html")
    ]
    assert sorted(listed) == sorted(pages)


def test_no_script_runs_on_it_but_its_own_and_nothing_is_fetched(demo: tuple[Path, str]) -> None:
    html = page(demo[0])
    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)

    assert "default-src 'none'" in policy
    assert b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert "http" not in html.partition("<body>")[2].partition("<script>")[0].replace("http-equiv", "")


def test_a_word_narrows_the_list_without_a_server(
    demo: tuple[Path, str], tmp_path: Path, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    search = """
        <script>
        addEventListener("load", () => {
          const input = document.getElementById("words");
          input.value = "WEEKLY director";
          input.dispatchEvent(new Event("input", { bubbles: true }));
          document.title = [...document.querySelectorAll(".person:not([hidden]) li:not([hidden])")].length
            + " " + document.getElementById("found").textContent;
        });
        </script></body>"""
    # The test's own script is let in beside the page's.
    html = page(demo[0]).replace("script-src '", "script-src 'unsafe-inline' '", 1)
    html = re.sub(r" 'sha256-[^']+'", "", html, count=1).replace("</body>", search)

    assert title_of(html, tmp_path, chromium) == "1 1 message"
    assert list(home.iterdir()) == [], "a browser leaves nothing with whoever runs the tests"


def test_a_run_in_its_folder_some_other_month_does_not_go_on_with_it(demo: tuple[Path, str]) -> None:
    folder = demo[0]
    there = {path: path.read_bytes() for kind in ("outbox", "channel") for path in (folder / kind).glob("*")}
    config = str(folder / "config.yaml")
    for command in (["serve", "--once"], ["run", "daily"]):
        done = CliRunner().invoke(cli, ["--config", config, *command])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output

    assert "daily for Tuesday 3 March 2026: done" in done.output
    assert "0 planned" in done.output
    assert {path: path.read_bytes() for kind in ("outbox", "channel") for path in (folder / kind).glob("*")} == there
