"""The page in a real browser: what axe-core finds, in light and in dark, on a telephone, a tablet and a desk, and whether it fits.

axe-core comes from `.ci/run`, into `.venv/axe`; where it is not there these are skipped.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest

from alerting.alerts.acts import Request, SilenceWanted
from alerting.alerts.brakes import Brake
from alerting.alerts.matcher import Matcher
from alerting.store import acts, brakes
from alerting.store.messages import circuit_breaker
from alerting.web.sections import SECTIONS
from tests.made_council import MONDAY, somebody
from tests.web_site import NOON, Site, new_office, shown

AXE = Path(__file__).parent.parent / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (320, 768, 1280)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not AXE.is_file(), reason="there is no axe-core: .ci/run installs it")]

ABOUT_THE_SERVICE = (
    *(section.path for section in SECTIONS),
    "/service/runs/1",
    "/service/rules/CP-03",
    "/service/rules/coverage",
    "/service/rules/CP-03/try",
    "/service/rules/CP-03/backtest?visit_wd=100",
)

LOOK = """
document.querySelectorAll("details").forEach(one => { one.open = true })
const rules = {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
addEventListener("load", () => axe.run(document, rules).then(found => parent.say(NAME, {
  wide: document.documentElement.scrollWidth > innerWidth,
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  passes: found.passes.length,
  violations: found.violations.map(one => [one.id, one.help, one.nodes.map(node => node.html)]),
})))
"""
OUTER = """<!DOCTYPE html><title>x</title><pre id="said"></pre><script>
window.all = {}
window.say = (name, found) => {
  window.all[name] = found
  document.getElementById("said").textContent = JSON.stringify(window.all)
}
</script>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    office = new_office(tmp_path_factory.mktemp("looks"))
    office.settings |= {"keep": {"days": 30}}
    office.begin(MONDAY)
    with shown(office, drafts=True) as made:
        something_waits(made)
        yield made


def something_waits(site: Site) -> None:
    """Let there be one of each that can wait."""
    silence = SilenceWanted(matcher=Matcher(team=("T2",)), begins=MONDAY, until=MONDAY, matched=0)
    request = Request(id=0, at=NOON, by=somebody("M2"), about="team T2", note="moved", wanted=silence, why="it is large")
    with site.council.store().transaction() as connection:
        brakes.put_on(connection, [Brake(rule="plan-long", since=MONDAY, count=9), Brake(rule="other", since=MONDAY, count=9)], 1)
        acts.ask(connection, request)
        circuit_breaker.remember_refusal(connection, "outbox", "m2@example.gov.uk", "550 no such mailbox", NOON)


def pages(site: Site) -> dict[str, str]:
    """Return the pages that there are, by name, as a browser gets them."""
    manager, alert = site.reader("M1"), next(one for one in site.office.alerts() if one.code == "CP-03" and one.person == "C1")
    found = {
        "list": manager.get("/").text,
        "all": manager.get("/?whose=all&level=red").text,
        "done": manager.get("/?show=done").text,
        "alert": manager.get(f"/a/{alert.ref}").text,
        "alert of a worker": site.reader("W1").get(f"/a/{alert.ref}?done=recorded").text,
        "nothing there": manager.get("/a/A-ZZZZZZZZ").text,
        "nobody": site.reader("stranger").get("/").text,
        "not signed in": site.browser().get("/").text,
        "trends": manager.get("/trends").text,
        "cover": manager.get("/cover").text,
        "preferences": manager.get("/preferences?done=kept").text,
    }
    found["explained"] = manager.send(f"/a/{alert.ref}/explain", token=manager.get(f"/a/{alert.ref}") and manager.token()).text
    admin = site.browser(**{"X-Mail": "admin@example.gov.uk"})
    found["not looked at"] = admin.get("/service/people").text
    admin.send("/service/people/look")
    found |= {path: admin.get(path).text for path in ABOUT_THE_SERVICE}
    admin.get("/service/rules/drafts")
    found["draft not begun"] = admin.send("/service/rules/drafts", code="XX-99").text
    draft = admin.send("/service/rules/drafts", code="PL-01", how="beside", title="Long").headers["location"]
    found["draft"] = admin.get(draft).text
    mark = admin.page.text.split('name="mark" value="')[1].split('"')[0]
    found["drafts"], found["draft tried"] = admin.get("/service/rules/drafts").text, admin.get(f"{draft}/try").text
    admin.get(draft)
    admin.send(f"{draft}/save", mark=mark, text="id: x")
    found["draft with faults"] = admin.get(draft).text
    admin.send(f"{draft}/discard", mark=admin.page.text.split('name="mark" value="')[1].split('"')[0])
    admin.get("/service/rules/CP-03")
    found["explained of nobody"] = admin.send("/service/rules/CP-03/explain", subject="").text
    for act in ("acknowledge", "snooze", "assign"):
        found[f"several to {act}"] = manager.get(f"/several?ref={alert.ref}&act={act}").text
    stands = manager.page.text.split('name="alerts" value="')[1].split('"')[0]
    found["several refused"] = manager.send("/several", act="snooze", alerts=stands).text
    manager.get(f"/several?ref={alert.ref}&act=acknowledge")
    found["several done"] = manager.send("/several", act="acknowledge", alerts=stands).text
    manager.get("/cover")
    said = {"of": "M1", "by": "M2", "begins": "2026-03-04"}
    found["cover refused"] = manager.send("/cover", until="", **said).text
    found["cover said"] = manager.follow(manager.send("/cover", until="2026-03-06", **said).headers["location"]).text
    manager.get(f"/a/{alert.ref}")
    stand = manager.page.text.split('name="stand" value="')[1].split('"')[0]
    found["refused"] = manager.send(f"/a/{alert.ref}/close", stand=stand, reason="other").text
    return found


def framed(name: str, page: str, css: str) -> str:
    """Return a page in a frame for each width, with what looks at it."""
    look = LOOK.replace("NAME", json.dumps(f"{name} ")[:-1] + 'at " + innerWidth')
    page = re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: f"<style>{css}</style>", page)
    page = page.replace("</body>", f'<script src="{AXE.as_uri()}"></script><script>{look}</script></body>')
    frame = '<iframe style="border: 0" width="{}" height="900" title="x" srcdoc="{}"></iframe>'
    return "".join(frame.format(width, html.escape(page, quote=True)) for width in WIDTHS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_every_page_fits(site, tmp_path, chromium, scheme):
    every, css = pages(site), site.browser().get("/page.css").text
    outer = tmp_path / "all.html"
    outer.write_text(OUTER + "".join(framed(name, page, css) for name, page in every.items()), "utf-8")
    looked = subprocess.run(
        [
            chromium,
            *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
            *"--disable-component-update --disable-sync --window-size=1400,900 --virtual-time-budget=60000 --dump-dom".split(),
            f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
            f"--user-data-dir={tmp_path / 'profile'}",
            outer.as_uri(),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=240,
    )
    said = re.search(r'<pre id="said">(.*?)</pre>', looked.stdout, re.DOTALL)
    found = json.loads(html.unescape(said[1])) if said and said[1] else {}

    assert found.keys() == {f"{name} at {width}" for name in every for width in WIDTHS}
    assert {name: one["violations"] for name, one in found.items() if one["violations"]} == {}
    assert [name for name, one in found.items() if one["wide"]] == []
    assert all(one["dark"] is (scheme == "dark") and one["passes"] > 10 for one in found.values())
