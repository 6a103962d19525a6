"""A backtest as people read it: figures, series of days, periods, and a page with its charts. No case number is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from alerting import private_files
from alerting.alerts.lifecycle import FLAPS, FLAPS_WITHIN
from alerting.authoring.backtest.backtest import Backtest, Day, Timeline
from alerting.authoring.backtest.charts import Chart, draw_chart
from alerting.authoring.differences import compare_rules
from alerting.errors import ConfigError
from alerting.formatting import day as in_words
from alerting.formatting import plural
from alerting.notifications.messages.layouts import lay_out

WIDTH, HEIGHT = 640, 150
"""Of a chart's plot in the report, in the units of its drawing."""
SERIES = (("Open each day", "open"), ("New each day", "new"))
"""What is drawn, by its title."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Days without an answer that follow each other, for one reason."""

    first: date
    last: date
    days: int
    why: str


def name_timelines(found: Backtest) -> list[tuple[str, Timeline]]:
    """Return the timelines with their headings: the rule in use first, where it stands beside a draft."""
    return [("in use", found.in_use), ("draft", found.draft)] if found.in_use else [("", found.draft)]


def list_days(found: Backtest) -> list[date]:
    """Return the days that were asked or should have been, in order."""
    return sorted({day.as_of for day in found.draft.days} | found.gaps.keys())


def read_series(found: Backtest, timeline: Timeline, what: str) -> list[float | None]:
    """Return `new` or `open` of every day, None where there is no answer. What is new on the first day was there before: None too."""
    answered = {day.as_of: float(getattr(day, what)) for day in timeline.days if day.status == "ok"}
    if what == "new":
        answered.pop(timeline.days[0].as_of, None)
    return [answered.get(day) for day in list_days(found)]


def make_figures(found: Backtest) -> list[list[object]]:
    """Return the rows of the table of figures: a name, then a cell for each timeline."""
    timelines = [timeline for _, timeline in name_timelines(found)]
    most = [max(timeline.days, key=lambda day: day.open) for timeline in timelines]
    rows: list[list[object]] = [
        ["Asked about on the last day", *(timeline.days[-1].population for timeline in timelines)],
        ["Open on the first day", *(timeline.days[0].open for timeline in timelines)],
        ["New a day, after the first", *(f"{timeline.new_a_day:.1f}" for timeline in timelines)],
        ["Most new on a day, after the first", *(max((day.new for day in timeline.later), default=0) for timeline in timelines)],
        ["Back again", *(sum(day.back for day in timeline.days) for timeline in timelines)],
        ["Cleared", *(sum(day.cleared for day in timeline.days) for timeline in timelines)],
        ["Ended as the subject left", *(sum(day.left for day in timeline.days) for timeline in timelines)],
        ["Open on the last day", *(timeline.days[-1].open for timeline in timelines)],
        ["of these on hold", *(timeline.days[-1].held for timeline in timelines)],
        ["Most open on a day", *(f"{day.open} ({in_words(day.as_of, 'short')})" for day in most)],
        ["Longest open, working days", *(f"{c.longest}{', and still is' if c.longest_goes_on else ''}" for c in timelines)],
        [f"Came back {FLAPS} times in {FLAPS_WITHIN} working days", *(timeline.flapping for timeline in timelines)],
        ["Days it could not be asked", *(sum(day.status != "ok" for day in timeline.days) for timeline in timelines)],
    ]
    if any(timeline.braked for timeline in timelines):
        rows.append(["Days beyond its brake", *(timeline.braked for timeline in timelines)])
    return rows


def make_periods(found: Backtest) -> tuple[list[str], list[list[object]]]:
    """Return a table of days, weeks or months, as many as can be read: for each timeline what is new in it, and open at its end."""
    days = list_days(found)
    headings = [""]
    for name, _ in name_timelines(found):
        headings += [f"{word}, {name}" if name else word for word in ("New", "Open")]
    groups: dict[str, list[date]] = {}
    for day in days:
        groups.setdefault(_period(day, len(days)), []).append(day)
    answers = [{day.as_of: day for day in timeline.days if day.status == "ok"} for _, timeline in name_timelines(found)]
    firsts = [timeline.days[0].as_of for _, timeline in name_timelines(found)]
    rows: list[list[object]] = []
    for name, group in groups.items():
        row: list[object] = [name]
        for answered, first in zip(answers, firsts, strict=True):
            there = [answered[day] for day in group if day in answered]
            row += [_new(there, first), there[-1].open if there else "-"]
        rows.append(row)
    return headings, rows


def _new(days: Sequence[Day], first: date) -> object:
    counted = [day.new for day in days if day.as_of != first]
    return sum(counted) if counted else "-"


def _period(day: date, days: int) -> str:
    if days <= 31:
        return f"{day:%a} {in_words(day, 'short')}"
    if days <= 130:
        return f"Week of {in_words(day - timedelta(days=day.weekday()), 'short')}"
    return f"{day:%B %Y}"


def make_team_table(found: Backtest) -> tuple[list[str], list[list[object]]]:
    """Return the headings and rows of the table by team."""
    parts = {"new": "New", "most": "Most open", "open": "Open now"}
    timelines = name_timelines(found)
    headings = ["Team", *(f"{word}, {name}" if name else word for word in parts.values() for name, _ in timelines)]
    by_team = [{line.team: line for line in timeline.teams} for _, timeline in timelines]
    rows: list[list[object]] = []
    for team in dict.fromkeys(team for teams in reversed(by_team) for team in teams):
        found_lines = [teams.get(team) for teams in by_team]
        name = next(line.name for line in found_lines if line)
        rows.append([name, *(getattr(line, part) if line else 0 for part in parts for line in found_lines)])
    return headings, rows


def find_stretches(found: Backtest) -> list[Stretch]:
    """Return the stretches of days that were not kept, or on which the rule could not be asked, with why."""
    asked = {day.as_of: f"{_STATUS[day.status]}: {day.problem}" for day in found.draft.days if day.status != "ok"}
    why = {**found.gaps, **asked}
    stretches: list[Stretch] = []
    before: date | None = None
    for day in list_days(found):
        if day in why and before in why and why[before] == why[day]:
            last = stretches.pop()
            stretches.append(Stretch(first=last.first, last=day, days=last.days + 1, why=last.why))
        elif day in why:
            stretches.append(Stretch(first=day, last=day, days=1, why=why[day]))
        before = day
    return stretches


_STATUS = {"withheld": "the rule waited", "off": "the rule was off", "error": "the rule failed"}


def write_notes(found: Backtest) -> Iterator[str]:
    """Return what a reader must know of the days, in sentences."""
    for stretch in find_stretches(found):
        count = f" ({plural(stretch.days, 'day')})" if stretch.days > 1 else ""
        yield f"Without an answer: {write_span(stretch.first, stretch.last)}{count}: {stretch.why}."
    if found.changed:
        subject = found.draft.rule.subject.id
        yield (
            f"The subject {subject} was another on {write_span(*found.changed)} than it is now: "
            "its rows of each day are as its SQL gave them then."
        )


def write_span(first: date, last: date) -> str:
    """Return two days as a reader sees them; one, where they are the same."""
    return in_words(first) if first == last else f"{in_words(first)} to {in_words(last)}"


def write_page(found: Backtest, path: Path, council: str) -> None:
    """Write the report as one HTML file that needs nothing from outside. Raises ConfigError where it cannot be written."""
    rule, days = found.draft.rule, found.draft.days
    text = lay_out(
        "backtest.html",
        council=council,
        rule=rule,
        in_use=found.in_use.rule if found.in_use else None,
        span=write_span(days[0].as_of, days[-1].as_of),
        count=len(days),
        differences=[f"{each.key}: {each.says}" for each in compare_rules(found.in_use.rule, rule)] if found.in_use else [],
        headings=[name or rule.code for name, _ in name_timelines(found)],
        figures=make_figures(found),
        charts=[(title, draw(found, what, title, width=WIDTH, height=HEIGHT)) for title, what in SERIES],
        periods=make_periods(found),
        teams=make_team_table(found),
        notes=list(write_notes(found)),
    )
    try:
        private_files.write(path, text)
    except OSError as error:
        raise ConfigError(
            f"{path.as_posix()} cannot be written ({error.strerror})", remedy="Give another file with --html."
        ) from None


def draw(found: Backtest, what: str, title: str, *, width: int, height: int) -> Chart:
    """Return `new` or `open` of every day as a picture: a line for each timeline, and where there is no answer."""
    values = {name: read_series(found, timeline, what) for name, timeline in name_timelines(found)}
    days = list_days(found)
    told = [
        f"{name or 'the rule'} from {next((v for v in each if v is not None), 0):.0f} to "
        f"{next((v for v in reversed(each) if v is not None), 0):.0f}, at most {max((v for v in each if v is not None), default=0):.0f}"
        for name, each in values.items()
    ]
    of_draft = values[name_timelines(found)[-1][0]]
    empty = [number for number, each in enumerate(of_draft) if each is None and days[number] != days[0]]
    return draw_chart(f"{title}: {'; '.join(told)}", values, days, width=width, height=height, empty=empty)
