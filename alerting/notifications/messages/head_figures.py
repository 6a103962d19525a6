"""The figures of those who lead services, in words."""

from __future__ import annotations

from alerting.formatting import day, number, plain, plural
from alerting.notifications.masking import is_few
from alerting.notifications.national import AGENCY, VACANT, NationalFigure
from alerting.notifications.week_content import DemandMonth, HeadFigures


def figure_lines(figures: HeadFigures) -> tuple[tuple[str, str], ...]:
    """Return each figure's name, and what it says; of what there are no figures, that it is not known."""
    done = _shown(figures.done, "put right in the last twelve weeks")
    median = f", half of it within {plural(figures.median_days, 'working day')}" if figures.median_days is not None else ""
    return (
        ("Done", f"{done}{median}."),
        (
            "In hand",
            f"{_shown(figures.acknowledged, 'open and acknowledged')}; {_shown(figures.ageing, 'open for more than 20 working days')}.",
        ),
        (
            "Data",
            f"{_shown(figures.data_quality, 'about records that are wrong')}; {plural(figures.not_run, 'rule')} could not run.",
        ),
        ("Workforce", _workforce(figures)),
        *((plain(one.called), _demand(one)) for one in figures.demand if not is_few(one.events)),
    )


def _shown(count: int | None, what: str) -> str:
    return f"{'*' if count is None else count} {what}"


def _workforce(figures: HeadFigures) -> str:
    if figures.vacant is None or figures.agency is None:
        return "no figures."
    return (
        f"{number(figures.vacant)} % of posts vacant ({_england(VACANT)}); {number(figures.agency)} % of workers from an agency "
        f"({_england(AGENCY)}, both of social workers on {day(VACANT.as_at)})."
    )


def _england(figure: NationalFigure) -> str:
    return f"England {number(figure.per_cent)} %"


def _demand(one: DemandMonth) -> str:
    said = f"{one.events} in {one.month:%B %Y}"
    if one.base_month is None or one.base_events is None or is_few(one.base_events):
        return f"{said}; no year to compare with."
    against = f"{said}, {one.base_events} in {one.base_month:%B %Y}"
    if one.ratio is None:
        return f"{against}."
    chance = "" if one.beyond_chance else ", which may be chance"
    return f"{against}: {_times(one.ratio)} by working days{chance}."


def _times(ratio: float) -> str:
    """Return how one count stands to another.

    >>> _times(0.58), _times(1.0), _times(1.26), _times(2.4)
    ('42 % fewer', 'as many', '26 % more', '2.4 times as many')
    """
    change = round((ratio - 1) * 100)
    if ratio >= 2:
        return f"{number(ratio)} times as many"
    return f"{abs(change)} % {'more' if change > 0 else 'fewer'}" if change else "as many"
