"""That mail programs and screen readers can show a message, and that dates, numbers and text are written as people read them."""

import itertools
import json
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from alerting.formatting import day, listed, number, plain, plural, until
from alerting.model import Reason
from alerting.notifications.content import Notice
from alerting.notifications.messages import digest
from tests.rendered import (
    AS_OF,
    Outline,
    a_morning,
    a_week,
    daily,
    item,
    message,
    notices,
    rule,
)


@pytest.mark.parametrize("given_notification", [a_morning(), a_week()], ids=["daily", "weekly"])
def test_the_html_keeps_to_what_the_word_engine_shows(given_notification):
    html = message(given_notification, page_url="https://alerts.example.gov.uk/").html
    inlined = " ".join(attrs.get("style") or "" for _, attrs in Outline(html).tags)

    assert not re.search(r"flex|grid|float|background-image|url\(", inlined)
    assert not {"img", "svg", "script", "link", "form"} & {tag for tag, _ in Outline(html).tags}
    assert "<!--[if mso]>" in html
    assert '<html lang="en-GB"' in html
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not re.search(r"""(src|href)=["'](?!https://alerts\.example\.gov\.uk/)""", html)


# ---------------------------------------------------------------------- what mail programs are known to show

CANIEMAIL = Path(__file__).parent.parent / ".venv/caniemail/node_modules/caniemail/dist/index.js"
_LINT = """
const { caniemail } = await import(process.argv[1]);
const html = (await import("fs")).readFileSync(0, "utf8");
const { errors } = caniemail({ clients: ["outlook.windows"], html }).issues;
console.log(JSON.stringify([...new Set([...errors.values()].flat().map((issue) => issue.title))].sort()));
"""
WITHOUT_LOSS = {"@media", "overflow", "overflow-wrap", "white-space"}
"""What Outlook for Windows does not know and does without: telephones and the dark are for others, and it breaks lines where it likes."""


def not_known_to_outlook(html):
    """Return what of a message Outlook for Windows is known not to show, by the tables of caniemail."""
    command = [str(shutil.which("node")), "--input-type=module", "-e", _LINT, CANIEMAIL.as_uri()]
    done = subprocess.run(command, input=html, capture_output=True, text=True, check=True, timeout=120)
    return set(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.skipif(not (CANIEMAIL.is_file() and shutil.which("node")), reason="there is no caniemail: .ci/run installs it")
def test_outlook_shows_all_that_a_message_says():
    for given_notification in (a_morning(), a_week()):
        html = message(given_notification, page_url="https://alerts.example.gov.uk/").html
        assert not_known_to_outlook(html) <= WITHOUT_LOSS

    assert "display:flex" in not_known_to_outlook(html.replace("<h1", '<div style="display: flex">Visits</div><h1'))


@pytest.mark.parametrize("given_notification", [a_morning(), a_week()], ids=["daily", "weekly"])
def test_only_tables_of_layout_are_presentation_and_headings_go_in_order(given_notification):
    tags = Outline(message(given_notification).html).tags

    headed = [attrs for tag, attrs in tags if tag == "th"]
    assert all(attrs.get("scope") in {"col", "row"} for attrs in headed)
    data_tables = [attrs for tag, attrs in tags if tag == "table" and attrs.get("role") != "presentation"]
    assert len(data_tables) == (4 if given_notification.purpose == "weekly" else 0)
    ranks = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert ranks[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(ranks))


def test_the_administrators_message_is_no_wider_than_a_telephone_whatever_tables_are_called(tmp_path, chromium):
    long = "ssd_care_leavers.clea_care_leaver_accommodation_and_more"
    told = notices(
        Notice(title=f"Data: {long}", detail=f"{long} is {'0f' * 40}", items=(long,)), run={long: f"{'0f' * 20}, in {long}"}
    )
    assert on_a_telephone(message(told).html, "document.documentElement.scrollWidth", tmp_path, chromium) == 360


@pytest.mark.slow
def test_twenty_seven_items_take_three_screens_of_a_telephone_and_a_foot(tmp_path, chromium):
    visit = rule("cp-visit-overdue", title="Child protection visit due or overdue", falls_due="Protection visit")
    open_ = [
        item(
            "new" if n % 4 == 0 else "open", "cp-visit-overdue", f"00{7000 + n}",
            level="red" if n < 6 else "amber", due=AS_OF + timedelta(n - 12), person=f"00{7000 + n}",
            worker_name=f"Worker Number {n % 5}", first_seen=AS_OF - timedelta(9), why="team manager",
        )
        for n in range(21)
    ]  # fmt: skip
    critical = item(level="critical", subject="0006404", person="0006404", why="team manager")
    done = [item("cleared", "cp-visit-overdue", f"00{8000 + n}", resolved_reason=Reason.cleared) for n in range(5)]
    html = message(daily(critical, *open_, *done), visit).html

    foot = "Array.from(document.querySelectorAll('h2')).at(-1).getBoundingClientRect().top"
    assert on_a_telephone(html, foot, tmp_path, chromium) <= 3 * 780


def on_a_telephone(html, asked, tmp_path, chromium):
    """Return what a script says of a message that is as wide as a telephone."""
    script = f"document.title = Math.ceil({asked})"
    # Headless Chromium has no window narrower than 500, so the message is held to the width of a telephone.
    (tmp_path / "mail.html").write_text(html.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    frame = (
        '<iframe src="mail.html" width="360" height="9000" onload="document.title = this.contentWindow.document.title"></iframe>'
    )
    (tmp_path / "frame.html").write_text(frame, "utf-8")
    looked = subprocess.run(
        [
            chromium,
            *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
            *"--disable-component-update --disable-sync --window-size=500,900 --allow-file-access-from-files --dump-dom".split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            (tmp_path / "frame.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return int(re.search(r"<title>(.*?)</title>", looked.stdout)[1])


def test_words_and_backgrounds_differ_enough_to_be_read_in_light_and_in_dark():
    layout = (Path(digest.__file__).parent / "templates" / "layout.html").read_text(encoding="utf-8")
    pairs = re.findall(r"background-color: (#\w{6})(?: !important)?; color: (#\w{6})", layout)
    on_sheet = [("#ffffff", ink) for ink in ("#4a5560", "#9c1006", "#1257a0")]
    on_dark_sheet = [("#1b1f23", ink) for ink in ("#eef1f4", "#b6c0c9", "#ff9c8f", "#8fc1f5")]

    assert len(pairs) == 12
    assert all(contrast(*pair) >= 4.5 for pair in [*pairs, *on_sheet, *on_dark_sheet])


def contrast(one, other):
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted([light(one), light(other)])
    return (lighter + 0.05) / (darker + 0.05)


# ---------------------------------------------------------------------- dates and numbers


def test_numbers_say_no_more_than_they_mean():
    assert [number(value) for value in (18.0, 20.25, 57, 1 / 3, -0.001)] == ["18", "20.25", "57", "0.33", "0"]
    assert [plural(value, "day") for value in (1, 1.0, 0, 2)] == ["1 day", "1 day", "0 days", "2 days"]
    assert plural(2, "child", "children") == "2 children"


def test_dates_are_written_out():
    assert day("2026-02-02") == day(date(2026, 2, 2)) == "2 February 2026"
    assert day("2026-02-02", "short") == "2 Feb 2026"
    assert [until(AS_OF + timedelta(days), AS_OF) for days in (-27, -1, 0, 1)] == [
        "27 days overdue",
        "1 day overdue",
        "today",
        "in 1 day",
    ]


def test_text_becomes_one_line():
    assert plain(" a\r\n\tb\u2028c ") == "a b c"
    assert listed(["a", "b", "c"]) == "a, b and c"
