"""The page by the keyboard alone: from the list to what is to be done and back, each place one comes to seen, in a real browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.made_council import MONDAY
from tests.web_site import Site, first_morning

PLAYWRIGHT = Path(__file__).parent.parent / ".venv" / "playwright" / "node_modules" / "playwright-core"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (PLAYWRIGHT.is_dir() and shutil.which("node")), reason="there is no playwright-core: .ci/run installs it"
    ),
]
THURSDAY = f"{MONDAY + timedelta(days=3):%m%d%Y}"
"""As it is typed into a field of a day, by the browser's own language."""
WALK = """
const { chromium } = require(process.argv[1]);
const { url, mail, browser, steps } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const seen = (one) => {
  const style = getComputedStyle(one);
  return style.boxShadow !== "none" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
};
const named = (one) => one.getAttribute("aria-label") || one.labels?.[0]?.innerText || one.innerText || one.value || one.tagName;
(async () => {
  const program = await chromium.launch({ executablePath: browser, args: ["--no-sandbox", "--disable-background-networking"] });
  const page = await program.newPage({ extraHTTPHeaders: { "X-Mail": mail }, viewport: { width: 360, height: 780 } });
  const unseen = [], said = [];
  await page.goto(url);
  for (const { go, as, press, type, read } of steps) {
    if (go) {
      for (let tabs = 0; ; tabs++) {
        if (tabs === 150) throw new Error(`no way to: ${go}`);
        await page.keyboard.press("Tab");
        const [name, visible, kind] = await page.evaluate(`((seen, named) => {
          const one = document.activeElement;
          return one === document.body ? ["", true, ""] : [named(one), seen(one), one.tagName];
        })(${seen}, ${named})`);
        if (!visible) unseen.push(name);
        if (name.replace(/\\s+/g, " ").includes(go) && (!as || as === kind)) break;
      }
    }
    if (type) await page.keyboard.type(type);
    if (press) {
      const leads = press === "Enter" && (await page.evaluate(
        "['A', 'BUTTON'].includes(document.activeElement.tagName) && !document.activeElement.hash"));
      const there = leads ? page.waitForNavigation() : null;
      await page.keyboard.press(press);
      await there;
    }
    if (read) said.push((await page.locator(read).innerText()).replace(/\\s+/g, " ").trim());
  }
  console.log(JSON.stringify({ unseen: [...new Set(unseen)], said }));
  await program.close();
})().catch((error) => { console.error(error.message); process.exit(1); });
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with first_morning(tmp_path_factory.mktemp("keyboard"), drafts=True) as made:
        yield made


def walk(site: Site, chromium: str, *steps: dict[str, str], person: str = "M1") -> list[str]:
    """Go through the page as somebody does who has a keyboard, and return what they read; each place they come to is seen.

    A step goes by the tab key to what has some words, and is of a kind, types, presses a key, and reads what is there.
    """
    given = {"url": site.url, "mail": f"{person.lower()}@example.gov.uk", "browser": chromium, "steps": steps}
    done = subprocess.run(
        [str(shutil.which("node")), "-e", WALK, str(PLAYWRIGHT)],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["unseen"] == []
    return list(found["said"])


def test_the_first_stop_goes_past_what_is_on_every_page(site, chromium):
    walk(site, chromium, {"go": "Skip to the content", "press": "Enter"}, {"go": "Choose what to see"})


def test_an_alert_is_explained_by_todays_data(site, chromium):
    said = walk(
        site, chromium,
        {"go": "Child protection visit", "as": "A", "press": "Enter"},
        {"go": "Explain it by today", "press": "Enter", "read": "h1"},
        {"go": "A-", "as": "A", "press": "Enter", "read": "h1"},
    )  # fmt: skip

    assert said[0] == "Why CP-03 says what it says"
    assert said[1].startswith("Child protection visit")


def test_an_alert_is_recorded_today(site, chromium):
    said = walk(
        site, chromium,
        {"go": "Child protection visit", "as": "A", "press": "Enter", "read": "h1"},
        {"go": "I have recorded it today", "press": "Enter", "read": "[role=status]"},
    )  # fmt: skip

    assert said[0].startswith("Child protection visit")
    assert "recorded" in said[1]


def test_it_is_snoozed_with_a_day_and_a_reason(site, chromium):
    said = walk(
        site, chromium,
        {"go": "Child protection visit", "as": "A", "press": "Enter"},
        {"go": "Snooze it", "press": "Enter"},
        {"go": "Last day", "type": THURSDAY},
        {"go": "Why", "type": "a visit is booked"},
        {"go": "Snooze it", "as": "BUTTON", "press": "Enter", "read": "[role=status]"},
    )  # fmt: skip

    assert "snoozed" in said[0].lower()


def test_several_are_ticked_looked_at_once_more_and_taken_in_hand(site, chromium):
    said = walk(
        site, chromium,
        {"go": "Child protection visit", "press": "Space"},
        {"go": "I have them in hand", "press": "Enter", "read": "h1"},
        {"go": "What is being done", "type": "seen on Friday"},
        {"go": "I have them in hand", "press": "Enter", "read": "main"},
    )  # fmt: skip

    assert said[0].startswith("I have them in hand: 1 alert")
    assert "in hand" in said[1]


def test_who_covers_is_said(site, chromium):
    said = walk(
        site, chromium,
        {"go": "Cover", "press": "Enter"},
        {"go": "Who covers", "type": "Person M2"},
        {"go": "Last day", "type": THURSDAY},
        {"go": "Say so", "press": "Enter", "read": "main"},
    )  # fmt: skip

    assert "covered by Person M2" in said[0]


def test_a_draft_of_a_second_rule_is_begun_and_saved(site, chromium):
    said = walk(
        site, chromium,
        {"go": "The service", "press": "Enter"},
        {"go": "Rules", "press": "Enter"},
        {"go": "Drafts of rules", "press": "Enter"},
        {"go": "That rule, changed", "press": "ArrowDown"},
        {"go": "What a second rule is called", "type": "Another"},
        {"go": "Begin a draft", "press": "Enter", "read": "h1"},
        {"go": "Save and check", "press": "Enter", "read": "[role=status]"},
        person="P1",
    )  # fmt: skip

    assert said[0].startswith("Draft of ")
    assert "The draft is saved" in said[1]


def test_what_cannot_be_come_to_is_found(site, chromium):
    with pytest.raises(AssertionError, match="no way to: Nothing of this name"):
        walk(site, chromium, {"go": "Nothing of this name"})
