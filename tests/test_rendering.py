"""What a message says, what it may never say, and what becomes of words that cannot be used.

tests/expected/ holds the daily and the weekly message. To write them anew: UPDATE_EXPECTED=1 pytest tests/test_rendering.py
"""

import itertools
import os
import re
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.formatting import day, listed, number, plain, plural, until
from alerting.model import Item, Notification, Reason, Tier, reference
from alerting.notifications.messages import digest
from alerting.notifications.messages.rendering import RuleWords, Words

AS_OF = date(2026, 3, 31)
SEVEN = datetime(2026, 3, 31, 7, 0, tzinfo=ZoneInfo("Europe/London"))
EXPECTED = Path(__file__).parent / "expected"


def rule(id="care-leaver-not-in-touch", **changes):
    words = {
        "id": id,
        "code": "CL-01",
        "title": "Care leaver not in touch",
        "says": "No contact for {{ measure | plural('day') }} (last {{ latest_contact | day }}).",
        "clears": "A contact dated within the last {{ params.amber_days }} days is recorded.",
        "basis_kind": "local",
        "basis_text": "Contact at least every 8 weeks",
        "basis_source": "council standard",
        "params": {"amber_days": 42, "red_days": 56},
        "tiers": {"latest_contact": Tier.reference, "note": Tier.reference, "accommodation": Tier.detail},
    }
    return RuleWords(**{**words, **changes})


REVIEW = rule(
    "cla-review-overdue",
    code="CLA-02",
    title="Looked-after review overdue",
    says="{% if last_review %}The last review was {{ last_review | day }}.{% else %}No review is recorded.{% endif %}",
    clears="A review that took place is recorded.",
    basis_kind="statutory",
    basis_text="Reviews within 20 working days, then 3 and 6 months",
    basis_source="Care Planning Regulations 2010, reg 33",
    params={},
    tiers={"last_review": Tier.reference},
)
CASELOAD = rule(
    "worker-caseload-high",
    code="WF-01",
    title="Worker's caseload over the threshold",
    says="{{ measure }} cases for each full-time post.",
    clears="The caseload is at or under {{ params.amber }}.",
    basis_text="Caseloads",
    params={"amber": 18},
    tiers={},
)
RULES = {rule.id: rule for rule in (rule(), REVIEW, CASELOAD)}


def item(state="new", rule="care-leaver-not-in-touch", subject="100234", **changes):
    values = {
        "alert_id": 1,
        "ref": reference(rule, plain(subject), 1),
        "rule": rule,
        "state": state,
        "level": "red",
        "subject_kind": "care_leaver",
        "subject": subject,
        "team": "T1",
        "team_name": "Assessment North",
        "worker_name": "J. Patel",
        "first_seen": AS_OF,
        "measure": 57.0,
        "unit": "days",
        "due": date(2026, 3, 30),
        "facts": {"latest_contact": "2026-02-02"},
    }
    if "left" in changes:
        changes |= {"resolved_reason": Reason.left, "resolved_detail": changes.pop("left")}
    if "held" in changes:
        changes |= {"held_reason": Reason.not_asked, "held_detail": changes.pop("held")}
    raw = asdict(Item(**{**values, **changes}))
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in raw.items()}


def notification(purpose="daily", **content):
    if purpose == "daily" and "lines" not in content:
        rest = {"banners": [], "data_as_at": "2026-03-31T05:40", "covering": [], "hidden": 0}
        content = {"items": [], **rest, **content}
    return Notification(
        key="mail:W1:daily:2026-03-31",
        receiver="mail",
        purpose=purpose,
        recipient="W1",
        name="Sam Okoro",
        address="sam.okoro@example.gov.uk",
        as_of=AS_OF,
        content=content,
    )


def words(*rules, **settings):
    return Words({**RULES, **{rule.id: rule for rule in rules}}, council="Exampleshire", **settings)


def render(given_notification, *rules, ceiling=Tier.reference, repeated=False, channel=None, **settings):
    return words(*rules, **settings).render(
        given_notification, ceiling=ceiling, message_id="<1@example>", planned_at=SEVEN, repeated=repeated, channel=channel
    )


def message(given_notification, *rules, **settings):
    return render(given_notification, *rules, **settings).message


def daily(*items, **content):
    return notification(items=list(items), **content)


class _Outline(HTMLParser):
    """An HTML text as lines of elements and words, without what a version of the inliner may write another way."""

    def __init__(self, html):
        super().__init__()
        self.lines, self.tags, self.text, self._skipped = [], [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        kept = "".join(
            f" {name}={value}" for name, value in sorted(attrs) if name in {"scope", "role", "colspan", "href", "lang"}
        )
        self.tags.append((tag, dict(attrs)))
        self._skipped += tag == "style"
        if tag not in {"br", "meta"}:
            self.lines.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag):
        self._skipped -= tag == "style"

    def handle_data(self, data):
        if data.strip() and not self._skipped:
            self.lines.append(" ".join(data.split()))
            self.text.append(" ".join(data.split()))


def read(html):
    """What a reader sees of the HTML part, on one line."""
    return " ".join(_Outline(html).text)


def same_as(name, text):
    path = EXPECTED / name
    if os.environ.get("UPDATE_EXPECTED"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def a_morning():
    return daily(
        item(),
        item("new", "cla-review-overdue", "100871", subject_kind="child_in_care", worker_name="M. Osei", measure=1, facts={}),
        item("worse", subject="100871", worker_name="M. Osei", first_seen=date(2026, 3, 21), why="as cover for J. Patel"),
        item("open", subject="100999", level="amber", due=date(2026, 4, 2), first_seen=date(2026, 3, 28)),
        item(
            *("open", "worker-caseload-high", "W17"),
            subject_kind="worker", level="amber", worker_name="A. Lindqvist", due=None, measure=20.25, unit="cases",
        ),
        item("cleared", subject="100111", left="contact on 30 March is recorded", first_seen=date(2026, 3, 12)),
        item("held", subject="101200", held="ssd_care_leavers was not loaded", first_seen=date(2026, 3, 12)),
        covering=["J. Patel until 21 November"],
        banners=["Visits were last loaded on Friday; 3 rules could not be asked."],
        hidden=2,
    )  # fmt: skip


def a_week_row(rule="care-leaver-not-in-touch", **changes):
    row = {"rule": rule, "title": "", "level": "red", "open": 12, "new": 5, "new_last": 3, "cleared": 2, "cleared_last": 4}
    rest = {"held": 1, "oldest": "2026-02-03", "oldest_days": 56, "trend": [3, 4, 4, 5, 6, 6, 7, 9, 9, 10, 9, 12]}
    return {**row, **rest, **changes}


def a_week(**content):
    teams = [
        {"team_name": "Assessment North", "rows": [a_week_row(), a_week_row("worker-caseload-high", level="amber", open=2)]},
        {"team_name": "Leaving Care", "rows": [a_week_row("cla-review-overdue", trend=None, oldest=None, held=0)]},
        {"team_name": "Fostering", "rows": []},
    ]
    not_run = [{"title": "Placement moves", "problem": "ssd_cla_placement lost 38 % of its rows."}]
    return notification("weekly", **{"week_ending": "2026-03-29", "teams": teams, "not_run": not_run, "banners": [], **content})


# ---------------------------------------------------------------------- the daily message


def test_the_daily_message_reads_as_expected():
    sent = message(a_morning(), page_url="https://alerts.example.gov.uk/")

    same_as("daily.txt", sent.text)
    same_as("daily.outline", "\n".join(_Outline(sent.html).lines) + "\n")


def test_the_first_line_says_how_many_of_what_for_whom_and_how_old_the_data_is():
    sent = message(a_morning())

    first = "2 new, 1 worse and 2 still open for Assessment North; 1 cleared; 1 on hold. Data as at 31 March, 05:40."
    assert sent.text.splitlines()[0] == first
    assert first in read(sent.html)


def test_data_of_unknown_age_is_said_to_be_of_unknown_age():
    assert "How old the data is, is not known." in message(daily(item(), data_as_at=None)).text


def test_both_parts_say_the_same_of_every_item():
    sent = message(a_morning())

    for part in (sent.text, read(sent.html)):
        for said in (
            "No contact for 57 days (last 2 February 2026).",
            "No review is recorded.",
            "20.25 cases for each full-time post.",
            "Due 30 March 2026, ",
            "1 day over",
            "in 2 days",
            "Since 28 March 2026 (3 days).",
            "More serious than before.",
            "Why you: as cover for J. Patel.",
            "Closed: contact on 30 March is recorded.",
            "On hold: ssd_care_leavers was not loaded.",
            "J. Patel until 21 November",
            "2 more alerts snoozed until a day that somebody set",
            "Clears when: A contact dated within the last 42 days is recorded.",
            "Local standard: Contact at least every 8 weeks (council standard).",
            "Statutory: Reviews within 20 working days, then 3 and 6 months (Care Planning Regulations 2010, reg 33).",
            "not the case record",
            reference("cla-review-overdue", "100871", 1),
        ):
            assert said in part


def test_a_level_is_always_a_word():
    sent = message(daily(item(level="critical"), item(level="amber", subject="2")))

    assert {"Critical", "Amber"} <= set(read(sent.html).split())
    assert "- CRITICAL: " in sent.text


def test_a_child_with_five_items_is_one_block():
    five = [item(subject="100234", level=level, ref=f"A-{n}") for n, level in enumerate(["amber", "red", "info", "red", "amber"])]
    sent = message(daily(*five))

    assert read(sent.html).count("Care leaver 100234") == 1
    assert sent.text.count("Care leaver 100234") == 1


def test_a_child_known_in_two_ways_is_still_one_block_but_an_assessment_of_the_same_number_is_not():
    sent = message(daily(
        item(subject="7"), item(subject="7", subject_kind="child_in_care"), item(subject="7", subject_kind="assessment"),
    ))  # fmt: skip

    assert "Child or young person 7" in sent.text
    assert "Assessment 7" in sent.text


def test_the_most_serious_comes_first_then_the_earliest_due():
    sent = message(daily(
        item(subject="amber-1", level="amber", due=date(2026, 1, 1)),
        item(subject="red-late", due=date(2026, 3, 30)),
        item(subject="red-later", due=None),
        item(subject="red-early", due=date(2026, 3, 1)),
        item(subject="critical-1", level="critical", due=None),
    ))  # fmt: skip

    order = re.findall(r"^Care leaver (\S+),", sent.text, re.MULTILINE)
    assert order == ["critical-1", "red-early", "red-late", "red-later", "amber-1"]


@pytest.mark.parametrize("kind", ["worker", "worker_with_cases"])
def test_a_worker_is_named_and_a_child_is_a_number(kind):
    sent = message(daily(item(rule="worker-caseload-high", subject="W17", subject_kind=kind, worker_name="A. Lindqvist")))

    assert "\nA. Lindqvist\n" in sent.text
    assert "W17" not in sent.text


def test_teams_are_named_where_there_are_several():
    sent = message(daily(item(), item(subject="2", team_name="Leaving Care")))

    assert "for 2 teams" in sent.text
    assert "Care leaver 2, J. Patel, Leaving Care" in sent.text


def test_past_fifty_items_the_rest_is_counted_by_rule():
    many = [item("open", subject=str(n)) for n in range(60)]
    cleared = [item("cleared", subject=f"c{n}", resolved_reason=Reason.cleared) for n in range(7)]
    sent = message(daily(*many, *cleared))

    assert sent.text.count("No contact for") == digest.FULL == 50
    assert "And 10 more, less urgent: 10 Care leaver not in touch." in sent.text
    assert "Counted by rule: 7 Care leaver not in touch." in sent.text
    assert "60 still open" in sent.text
    assert len(sent.html) < 102_400


def test_a_long_list_pushes_neither_a_critical_item_nor_the_news_out_of_sight():
    many = [item("open", subject=str(n)) for n in range(60)]
    critical = item("open", subject="critical-one", level="critical", due=None)
    news = item("new", subject="new-one", level="info", due=None)
    sent = message(daily(*many, critical, news))

    assert "critical-one" in sent.text
    assert "new-one" in sent.text


@pytest.mark.parametrize(
    ("state", "section", "tag"),
    [
        ("better", "STILL OPEN (1)", "Less serious than before."),
        ("released", "STILL OPEN (1)", "No longer on hold."),
        ("reminder", "STILL OPEN (1)", "A reminder: nothing has changed."),
    ],
)
def test_what_changed_without_being_new_is_still_open_and_says_what_changed(state, section, tag):
    sent = message(daily(item(state)))

    assert section in sent.text
    assert tag in sent.text


def test_what_is_cleared_or_on_hold_does_not_repeat_what_no_longer_is_known_to_hold():
    sent = message(daily(item("cleared", left="turned 18"), item("held", subject="2", held="no row")))

    assert "No contact for" not in sent.text
    assert "They are not cleared." in sent.text


def test_a_rule_that_is_gone_still_has_its_items_cleared_by_name():
    rendered = render(daily(item("cleared", "old-rule", left="no longer checked")))

    assert "Old rule\n  Closed: no longer checked." in rendered.message.text
    assert rendered.problems == ()


def test_nothing_to_tell_is_said_plainly():
    sent = message(daily(item("cleared", resolved_reason=Reason.cleared)))

    assert sent.text.startswith("Nothing new and nothing open for Assessment North; 1 cleared.")
    assert sent.subject == "Practice alerts: 1 cleared"


def test_a_message_that_may_be_a_repeat_says_so():
    sent = message(daily(item()), repeated=True)

    assert sent.repeated
    assert sent.text.startswith("You may have had this message already.")
    assert "You may have had this message already." in read(sent.html)


def test_what_does_not_come_from_the_live_service_is_stamped_at_the_top_and_in_the_subject():
    sent = message(daily(item()), stamp="TEST SYSTEM")

    assert sent.subject == "[TEST SYSTEM] Practice alerts: 1 new"
    assert sent.text.startswith("*** TEST SYSTEM ***")
    assert read(sent.html).index("TEST SYSTEM") < read(sent.html).index("1 new for")


def test_the_message_carries_what_was_fixed_when_it_was_planned():
    sent = message(daily(item()))

    assert (sent.key, sent.message_id, sent.date) == ("mail:W1:daily:2026-03-31", "<1@example>", SEVEN)
    assert (sent.to_name, sent.to_address, sent.channel, sent.card) == ("Sam Okoro", "sam.okoro@example.gov.uk", None, None)


# ---------------------------------------------------------------------- privacy


def test_the_subject_line_has_counts_and_severity_and_nothing_else():
    assert message(a_morning()).subject == "Practice alerts: 2 new, 1 worse, 2 open"
    assert message(daily(item(level="critical"))).subject == "Practice alerts: 1 critical, 1 new"
    assert message(replace(a_morning(), purpose="monthly")).subject == "Practice alerts, monthly: 2 new, 1 worse, 2 open"
    assert message(a_week()).subject == "Practice alerts weekly summary, week ending 29 March"


def test_what_a_locked_phone_previews_says_only_that_there_is_a_message():
    assert _Outline(message(a_morning()).html).text[1].split("\u034f")[0].strip() == "You have a message from practice alerts."


def test_a_fact_above_the_ceiling_is_not_shown_and_the_item_is_shown_without_the_rules_words():
    secret = rule(says="Now in {{ accommodation }}.")
    given_notification = daily(item(facts={"accommodation": "Rose House"}))

    rendered = render(given_notification, secret)
    assert "Rose House" not in rendered.message.text + rendered.message.html
    assert "RED: Care leaver not in touch\n  57 days.\n  Due 30 March 2026, 1 day over" in rendered.message.text
    [problem] = rendered.problems
    assert "they name accommodation, above what this receiver may be shown" in problem

    assert "Now in Rose House." in message(given_notification, secret, ceiling=Tier.detail).text


def test_a_fact_without_a_tier_is_treated_as_detail():
    untold = rule(says="{{ new_column }}")

    assert "Rose House" not in message(daily(item(facts={"new_column": "Rose House"})), untold).text


@pytest.mark.parametrize(
    "says",
    [
        "{{ accommodation | default('') }}",
        "{% if accommodation is defined %}{{ accommodation }}{% endif %}",
        "{{ params.accommodation }}",
        "{{ self }}{{ accommodation }}",
        "{{ params['accommodation'] }}",
    ],
)
def test_no_turn_of_words_reaches_a_fact_above_the_ceiling(says):
    sent = message(daily(item(facts={"accommodation": "Rose House"})), rule(says=says))

    assert "Rose House" not in sent.text + sent.html


def test_a_receiver_of_counts_gets_no_item():
    sent = message(a_morning(), ceiling=Tier.counts, channel="T1")

    everything = sent.text + sent.html + str(sent.card)
    for private in ("100234", "100871", "Patel", "Osei", "Lindqvist", "A-", "2 February", "30 March"):
        assert private not in everything
    assert ["Red: Care leaver not in touch", "1", "2", "1"] in sent.card["rows"]


# ---------------------------------------------------------------------- what case data may try

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><h1>All clear</h1>",
    "\"><a href='javascript:alert(1)'>x</a>",
    "{{ 7 * 7 }} {% for x in y %}",
    "{{ params }}",
    "[click](http://evil.example)",
    "![x](https://evil.example/pixel.png)",
    "=HYPERLINK(A1)",
    "@SUM(A1)",
    "<!--[if mso]><b>x</b><![endif]-->",
    "A" * 100_000,
    "line one\r\nBcc: everyone@example.com\r\n\r\nbody",
    "\x00\x1b[31mred\x07",
    "\u202egnp.exe\u2066",
    "a\ud800b",
    "www.evil.example",
    "😀" * 300,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_the_case_data_is_text_and_nothing_else(text):
    noted = rule(says="Note: {{ note }}.")
    one = item("new", facts={"note": text}, ref="A-TEST", subject=text, worker_name=text, team_name=text, why=text)
    other = item("cleared", left=text)
    sent = message(daily(one, other, covering=[text]), noted)
    plainly = message(daily(item(facts={"note": "n"}, why="w"), item("cleared", left="r"), covering=["c"]), noted)

    assert [tag for tag, _ in _Outline(sent.html).tags] == [tag for tag, _ in _Outline(plainly.html).tags]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", sent.text + sent.subject)
    assert len(sent.text.splitlines()) == len(plainly.text.splitlines())
    assert "49" not in sent.text
    assert "://evil" not in sent.text + sent.html
    assert "www." not in sent.text
    assert max(len(line) for line in sent.text.splitlines()) < 1000
    sent.text.encode(), sent.html.encode(), sent.subject.encode("ascii")


def test_a_field_is_cut_at_200_characters_and_a_sentence_at_600():
    long = rule(says="{{ note }}{{ note }}{{ note }}{{ note }}{{ note }}")
    sent = message(daily(item(facts={"note": "x" * 900})), long)

    [line] = [line.strip() for line in sent.text.splitlines() if "xxx" in line]
    assert len(line) == 600
    assert line[199] == "…"
    assert line.endswith("…")


def test_markup_in_a_rules_own_words_is_shown_and_not_obeyed():
    sent = message(
        daily(item()), rule(says="<b>{{ measure }}</b>", title="<i>Title</i>", clears="<u>x</u>", basis_text="<s>y</s>")
    )

    assert not {"b", "i", "u", "s"} & {tag for tag, _ in _Outline(sent.html).tags}
    assert "<b>57</b>" in read(sent.html)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=50)))
def test_any_value_at_all_gives_a_message(text, fact):
    rendered = render(daily(item(subject=text, worker_name=text, facts={"note": fact})), rule(says="{{ note }} {{ measure }}"))

    rendered.message.html.encode()
    assert "Care leaver not in touch" in rendered.message.text


# ---------------------------------------------------------------------- rules' words that cannot be used


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("No contact {{ measure", "line 1"),
        ("{% if measure %}", "line 1"),
        ("{{ mesure }}", "they name mesure, which is not there"),
        ("{{ params.amber }}", "they name params.amber, which is not there"),
        ("{{ latest_contact | day }}", "a value that they print is missing"),
        ("{{ latest_contact }}", "a value that they print is missing"),
        ("{{ measure + unit }}", "they could not be worked out (TypeError)"),
        ("{{ measure / 0 }}", "they could not be worked out (ZeroDivisionError)"),
        ("{{ unit | day }}", "they could not be worked out (ValueError)"),
        ("{{ measure | shout }}", "there is no filter 'shout'"),
        ("{% for n in params %}{{ n }}{% endfor %}", "'for' is not allowed"),
        ("{{ 'x' * 50000000 }}", "'mul' is not allowed"),
        ("{{ 9 ** 9 ** 9 }}", "'pow' is not allowed"),
        ("{{ '%99999999d' % 1 }}", "'mod' is not allowed"),
        ("{{ range(9) }}", "'call' is not allowed"),
        ("{{ measure.__class__ }}", "'.__class__' is not allowed"),
        ("{% include 'daily.txt' %}", "'include' is not allowed"),
        ("{% set x = 1 %}{{ x }}", "'assign' is not allowed"),
    ],
)
def test_words_that_cannot_be_used_cost_only_themselves(says, reason):
    broken = rule(says=says)
    given_notification = daily(
        item(facts={"latest_contact": None}), item(rule="cla-review-overdue", subject="2", facts={"last_review": None})
    )

    rendered = render(given_notification, broken)

    assert "RED: Care leaver not in touch\n  57 days.\n  Due 30 March 2026, 1 day over" in rendered.message.text
    assert "No review is recorded." in rendered.message.text
    [problem] = rendered.problems
    assert problem.startswith("CL-01 care-leaver-not-in-touch: its words in 'says' were not used: ")
    assert reason in problem


def test_the_same_problem_of_many_items_is_told_once_and_counted():
    rendered = render(daily(*(item(subject=str(n)) for n in range(9))), rule(says="{{ nothing }}"))

    [problem] = rendered.problems
    assert problem.endswith("(9 times)")


def test_a_problem_never_repeats_case_data():
    rendered = render(daily(item(facts={"note": "Rose House"})), rule(says="{{ note | day }}{{ note | round }}"))

    assert "Rose" not in str(rendered.problems)


def test_what_clears_an_alert_is_said_once_or_in_each_way_it_differs():
    told = rule(clears="At or below {{ note }}.")
    items = [item(subject="1", facts={"note": 18}), item(subject="2", facts={"note": 18}), item(subject="3", facts={"note": 22})]

    assert "Clears when: At or below 18. Or: At or below 22.\n" in message(daily(*items), told).text


def test_words_about_clearing_that_cannot_be_used_are_replaced():
    rendered = render(daily(item()), rule(clears="{{ accommodation }}"))

    assert "Clears when: The record no longer meets the rule." in rendered.message.text
    assert len(rendered.problems) == 1


def test_without_words_and_without_a_unit_title_and_due_date_stand_alone():
    sent = message(daily(item(measure=None, unit="")), rule(says="{{ measure }}"))

    assert "RED: Care leaver not in touch\n  Due 30 March 2026, 1 day over" in sent.text


# ---------------------------------------------------------------------- checking a rule's words beforehand


def test_words_that_are_right_have_no_problems():
    assert [words().problems(each, Tier.reference) for each in RULES.values()] == [[], [], []]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"says": "{{ mesure }}"}, "says: there is no name 'mesure'; did you mean 'measure'?"),
        ({"says": "{{ amber_days }}"}, "says: there is no name 'amber_days'; a parameter is written params.amber_days"),
        ({"says": "{{ params.amber_day }}"}, "says: there is no parameter 'amber_day'; did you mean 'amber_days'?"),
        ({"says": "{{ due | dey }}"}, "says: line 1: there is no filter 'dey'; did you mean 'day'?"),
        ({"says": "{% if due is sequence %}{% endif %}"}, "says: line 1: there is no test 'sequence'"),
        ({"says": "Now\n{{ due"}, "says: line 2: unexpected end of template, expected 'end of print statement'."),
        (
            {"says": "{{ accommodation }}"},
            "says: 'accommodation' is of tier detail, and the receiver may be shown no more than reference",
        ),
        ({"clears": "Under {{ params.amber }}."}, "clears: there is no parameter 'amber'; did you mean 'amber_days'?"),
    ],
)
def test_what_is_wrong_with_words_is_told_with_what_to_do(changes, problem):
    assert [str(fault) for fault in words().problems(rule(**changes), Tier.reference)] == [problem]


def test_a_name_above_the_ceiling_is_no_problem_where_the_words_ask_for_it_or_no_words_are_shown():
    asks = rule(says="{% if accommodation is defined %}Now {{ accommodation }}.{% endif %}")

    assert words().problems(asks, Tier.reference) == []
    assert words().problems(rule(says="{{ accommodation }}"), Tier.counts) == []


# ---------------------------------------------------------------------- the weekly message


def test_the_weekly_message_reads_as_expected():
    sent = message(a_week(), page_url="https://alerts.example.gov.uk/")

    same_as("weekly.txt", sent.text)
    same_as("weekly.outline", "\n".join(_Outline(sent.html).lines) + "\n")


def test_each_rule_has_a_trend_of_twelve_cells_with_their_numbers():
    sent = message(a_week())
    bars = [attrs for tag, attrs in _Outline(sent.html).tags if tag == "td" and attrs.get("class") == "fill"]

    assert len(bars) == 2 * 12
    assert [int(bar["height"]) for bar in bars[:12]] == [7, 9, 9, 12, 14, 14, 16, 21, 21, 23, 21, 28]
    assert "3 4 4 5 6 6 7 9 9 10 9 12" in read(sent.html)
    assert "▃▃▃▄▅▅▅▆▆▇▆█  3 4 4 5 6 6 7 9 9 10 9 12" in sent.text


def test_a_week_that_was_not_counted_is_a_gap_and_not_a_nought():
    weeks = [None, None, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2]
    sent = message(a_week(teams=[{"team_name": "North", "rows": [a_week_row(trend=weeks)]}]))

    assert "– – 0 1 2 2" in sent.text


def test_this_week_stands_against_the_last():
    sent = message(a_week())

    assert "12 open; 5 new, was 3; 2 cleared, was 4" in sent.text
    assert "5 was 3 2 was 4" in read(sent.html)


def test_rules_that_could_not_be_asked_are_named_in_both_parts():
    sent = message(a_week())

    for part in (sent.text, read(sent.html)):
        assert "Placement moves" in part
        assert "ssd_cla_placement lost 38 % of its rows." in part
        assert "Their alerts are on hold, not cleared." in part


def test_a_head_of_service_with_forty_teams_gets_a_message_of_a_size_that_arrives():
    teams = [{"team_name": f"Team {n}", "rows": [a_week_row(rule=f"rule-{m}") for m in range(20)]} for n in range(40)]
    sent = message(a_week(teams=teams))

    assert len(sent.html) < 300_000
    assert "And 20 more rules of this team" in sent.text
    assert sent.text.startswith("40 teams together: 9600 open, 800 on hold; 4000 new, was 2400; 1600 cleared, was 3200.")


# ---------------------------------------------------------------------- channels, notices and tests


def test_a_channel_gets_a_card_of_counts_and_both_parts():
    lines = [
        {"rule": "worker-caseload-high", "title": "", "level": "amber", "new": 0, "open": 4, "cleared": 0, "held": 0},
        {"rule": "care-leaver-not-in-touch", "title": "", "level": "red", "new": 2, "open": 10, "cleared": 1, "held": 1},
    ]
    given_notification = notification(team_name="Assessment North", lines=lines, banners=[])
    sent = message(given_notification, ceiling=Tier.counts, channel="T1", page_url="https://alerts.example.gov.uk/")

    assert sent.channel == "T1"
    assert sent.card == {
        "title": "Practice alerts: Assessment North",
        "summary": "2 new and 14 open for Assessment North; 1 cleared; 1 on hold.",
        "columns": ["Rule", "New", "Open", "Cleared"],
        "rows": [
            ["Red: Care leaver not in touch", "2", "10", "1"],
            ["Amber: Worker's caseload over the threshold", "0", "4", "0"],
        ],
        "footer": "1 alert on hold: the data could not be trusted or did not say. Counts only: each manager gets the list by mail.",
        "link": "https://alerts.example.gov.uk/",
    }
    for part in (sent.text, read(sent.html)):
        assert "2 new and 14 open for Assessment North; 1 cleared; 1 on hold." in part
        assert "Care leaver not in touch" in part


@pytest.mark.parametrize(
    "given_notification",
    [a_week(), notification("admin", notices=[], run={}), notification("test", receiver="teams")],
    ids=["weekly", "admin", "test"],
)
def test_whatever_goes_to_a_channel_has_a_card(given_notification):
    card = message(given_notification, channel="T1", stamp="TEST SYSTEM").card

    assert set(card) == {"title", "summary", "columns", "rows", "footer", "link"}
    assert card["summary"].startswith("TEST SYSTEM. ")
    assert all(len(row) == len(card["columns"]) and all(type(cell) is str for cell in row) for row in card["rows"])


def test_administrators_get_notices_with_references_only():
    notices = [{"title": "4 alerts have no recipient", "detail": "T9 has no manager.", "items": ["A-7K3QXM22", "A-8K3QXM22"]}]
    sent = message(notification("admin", notices=notices, run={"rules": 26, "new": 14}))

    assert sent.subject == "Practice alerts service: 1 thing to do"
    for part in (sent.text, read(sent.html)):
        for said in ("4 alerts have no recipient", "T9 has no manager.", "A-7K3QXM22, A-8K3QXM22", "26"):
            assert said in part


def test_a_day_on_which_nothing_is_wrong_is_told_as_all_clear_with_its_figures():
    sent = message(notification("admin", notices=[], still=[], run={"Rules asked": "41 of 41", "Messages sent": 12}))

    assert sent.subject == "Practice alerts service: all clear"
    for part in (sent.text, read(sent.html)):
        for said in ("All clear: nothing needs your attention.", "Rules asked", "41 of 41", "Messages sent"):
            assert said in part


def test_what_was_told_before_and_lasts_stands_after_what_is_new_with_its_day():
    new, still = (
        {"title": "CP-03 could not run"},
        {"title": "T9 has no manager", "detail": "Check ext_team.", "since": "2026-03-02"},
    )
    sent = message(notification("admin", notices=[new], still=[still], run={}))

    assert sent.subject == "Practice alerts service: 2 things to do"
    for part in (sent.text, read(sent.html)):
        assert "2 things to do, 1 new." in part
        assert part.index("CP-03 could not run") < part.upper().index("STILL TO DO") < part.index("T9 has no manager")
        assert "since 2 March 2026" in part


def test_a_test_message_says_that_it_is_one():
    sent = message(notification("test", receiver="mail"))

    assert sent.subject == "Practice alerts: a test message"
    for part in (sent.text, read(sent.html)):
        assert "This is a test message of the receiver mail." in part


@pytest.mark.parametrize("purpose", ["weekly", "monthly"])
def test_a_rule_asked_weekly_or_monthly_has_its_items_told_like_the_daily_ones(purpose):
    sent = message(replace(daily(item()), purpose=purpose))

    assert sent.subject == f"Practice alerts, {purpose}: 1 new"
    assert "No contact for 57 days" in sent.text


def test_a_rule_whose_alerts_are_all_cleared_has_no_level_in_a_channel():
    line = {"rule": "CL-01", "title": "Not in touch", "level": "none", "new": 0, "open": 0, "cleared": 2, "held": 0}
    sent = message(notification(team_name="North", lines=[line], banners=[]), ceiling=Tier.counts, channel="T1")

    assert sent.card["rows"] == [["Not in touch", "0", "0", "2"]]
    assert "None" not in read(sent.html)


def test_a_purpose_without_words_is_refused():
    with pytest.raises(ValueError, match="there are no words for the purpose 'hourly'"):
        message(notification("hourly"))


# ---------------------------------------------------------------------- HTML that mail programs show


@pytest.mark.parametrize("given_notification", [a_morning(), a_week()], ids=["daily", "weekly"])
def test_the_html_keeps_to_what_the_word_engine_shows(given_notification):
    html = message(given_notification, page_url="https://alerts.example.gov.uk/").html
    inlined = " ".join(attrs.get("style") or "" for _, attrs in _Outline(html).tags)

    assert not re.search(r"flex|grid|float|background-image|url\(", inlined)
    assert not {"img", "svg", "script", "link", "form"} & {tag for tag, _ in _Outline(html).tags}
    assert "<!--[if mso]>" in html
    assert '<html lang="en-GB"' in html
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not re.search(r"""(src|href)=["'](?!https://alerts\.example\.gov\.uk/)""", html)


@pytest.mark.parametrize("given_notification", [a_morning(), a_week()], ids=["daily", "weekly"])
def test_only_tables_of_layout_are_presentation_and_headings_go_in_order(given_notification):
    tags = _Outline(message(given_notification).html).tags

    headed = [attrs for tag, attrs in tags if tag == "th"]
    assert all(attrs.get("scope") in {"col", "row"} for attrs in headed)
    data_tables = [attrs for tag, attrs in tags if tag == "table" and attrs.get("role") != "presentation"]
    assert len(data_tables) == (2 if given_notification.purpose == "weekly" else 0)
    ranks = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert ranks[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(ranks))


def test_words_and_backgrounds_differ_enough_to_be_read_in_light_and_in_dark():
    layout = (Path(digest.__file__).parent / "templates" / "layout.html").read_text(encoding="utf-8")
    pairs = re.findall(r"background-color: (#\w{6})(?: !important)?; color: (#\w{6})", layout)
    on_sheet = [("#ffffff", ink) for ink in ("#4a5560", "#9c1006", "#1257a0")]
    on_dark_sheet = [("#1b1f23", ink) for ink in ("#eef1f4", "#b6c0c9", "#ff9c8f", "#8fc1f5")]

    assert len(pairs) == 7
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
        "27 days over",
        "1 day over",
        "today",
        "in 1 day",
    ]


def test_text_becomes_one_line():
    assert plain(" a\r\n\tb\u2028c ") == "a b c"
    assert listed(["a", "b", "c"]) == "a, b and c"
