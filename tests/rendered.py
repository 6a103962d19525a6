"""Messages as tests render them: rules with words, items, a morning and a week; and what a reader sees of an HTML part."""

import os
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

from alerting.formatting import plain
from alerting.model import Level, Reason, Tier, reference
from alerting.notifications.content import (
    CardContent,
    DigestContent,
    Figure,
    Item,
    ItemState,
    NoticeContent,
    Notification,
    WeeklyContent,
)
from alerting.notifications.messages.rendering import RuleWords, Words
from alerting.notifications.week_content import RuleWeek, ScopeWeek, Standing, StoppedRule, TeamStanding, TeamWeek

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
        "ref": reference(rule, plain(subject), 1),
        "rule": rule,
        "state": ItemState(state),
        "level": Level.red,
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
    changes |= {name: Level[level] for name, level in changes.items() if name == "level"}
    return Item(**{**values, **changes})


def notification(purpose, content):
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


def a_card(team_name, *lines, **content):
    return notification("daily", CardContent(team_name=team_name, lines=lines, told=(), **content))


def notices(*new, still=(), run=None, asked=None):
    figures = tuple(Figure(name=name, value=value) for name, value in (run or {}).items())
    return notification("admin", NoticeContent(notices=new, still=still, run=figures, asked=asked))


def words(*rules, **settings):
    return Words({**RULES, **{rule.id: rule for rule in rules}}, council="Exampleshire", **settings)


def render(given_notification, *rules, ceiling=Tier.reference, repeated=False, channel=None, **settings):
    return words(*rules, **settings).render(
        given_notification, ceiling=ceiling, message_id="<1@example>", planned_at=SEVEN, repeated=repeated, channel=channel
    )


def message(given_notification, *rules, **settings):
    return render(given_notification, *rules, **settings).message


def daily(*items, **content):
    return notification("daily", DigestContent(items=items, told=(), **{"data_as_at": datetime(2026, 3, 31, 5, 40), **content}))


class Outline(HTMLParser):
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
    """Return what a reader sees of the HTML part, on one line."""
    return " ".join(Outline(html).text)


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
        covering=("J. Patel until 21 November",),
        banners=("Visits were last loaded on Friday; 3 rules could not be asked.",),
        snoozed=2,
    )  # fmt: skip


def a_week_row(rule="care-leaver-not-in-touch", **changes):
    counts = {"open": 12, "new": 5, "new_last": 3, "cleared": 2, "cleared_last": 4, "held": 1}
    values = {"title": "", "level": Level.red, "oldest": date(2026, 2, 3), "oldest_days": 56}
    return RuleWeek(rule=rule, **{**counts, **values, "trend": (3, 4, 4, 5, 6, 6, 7, 9, 9, 10, 9, 12), **changes})


def a_scope_row(title="Protection visit overdue", rule="cp-visit-overdue", **changes):
    """Return one rule's week over several teams: 12 of 60 late, three more open than a week ago."""
    stands = {"standing": Standing.below, "in_time": 80, "of": 60, "target": 90}
    counts = {"open": 14, "overdue": 12, "due_soon": 2, "open_last": 11, "open_last_year": 16}
    values = {"level": Level.red, "longest": date(2025, 11, 3), "trend": (None, None, 3, 4, 4, 5, 6, 6, 7, 9, 11, 14)}
    return ScopeWeek(rule=rule, title=title, **{**stands, **counts, **values, **changes})


def a_standing(team_name, standing=Standing.on_target, in_time=95, overdue=0):
    return TeamStanding(team_name=team_name, standing=standing, in_time=in_time, overdue=overdue)


def a_scope():
    teams = (a_standing("Assessment North", Standing.far_below, 61, 10), a_standing("Leaving Care", Standing.too_few, None, 2))
    return (
        a_scope_row("Child on a plan without a social worker", "cp-no-social-worker", level=Level.critical, open=2, overdue=0,
                    due_soon=0, standing=Standing.no_target, in_time=None, of=None, target=None, open_last=2, longest=None),
        a_scope_row(teams=teams),
        a_scope_row("Looked-after review overdue", "cla-review-overdue", standing=Standing.on_target, in_time=97, of=212, open=6,
                    overdue=6, open_last=10, open_last_year=None, held=1, flapping=2, teams=tuple(reversed(teams))),
    )  # fmt: skip


def a_team_week(name, *rows):
    return TeamWeek(team_name=name, rows=rows)


def a_week(*teams, **content):
    content = content if teams or content else {"scope": a_scope(), "scope_of": "3 teams"}
    teams = teams or (
        a_team_week("Assessment North", a_week_row(), a_week_row("worker-caseload-high", level=Level.amber, open=2)),
        a_team_week("Leaving Care", a_week_row("cla-review-overdue", trend=(), oldest=None, held=0)),
        a_team_week("Fostering"),
    )
    not_run = (StoppedRule(title="Placement moves", problem="Placements could not be read or believed."),)
    return notification("weekly", WeeklyContent(week_ending=date(2026, 3, 29), teams=teams, not_run=not_run, asked=40, **content))
