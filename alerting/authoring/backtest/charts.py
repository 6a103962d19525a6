"""Series of days as pictures: blocks for a terminal, lines and bars for a page, which `chart.html` draws. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from alerting.formatting import day as in_words

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Series of days as lines, in the units of the drawing."""

    #: The picture in words.
    says: str
    width: int
    height: int
    #: What the upper edge stands for; the lower one stands for nought.
    top: int
    #: Each series by its name, as the points of its unbroken stretches.
    lines: Sequence[tuple[str, Sequence[str]]]
    #: Where there is no answer: from where, and how wide.
    empty: Sequence[tuple[float, float]]
    #: Where a day is named along it.
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Two counts of one thing, with how long each is drawn."""

    name: str
    before: int
    after: int
    before_wide: float
    after_wide: float


def draw_chart(
    says: str,
    series: Mapping[str, Sequence[float | None]],
    days: Sequence[date],
    *,
    width: int,
    height: int,
    empty: Collection[int] = (),
) -> Chart:
    """Return the picture of some series, a value a day each. empty: the places of the days that are marked as without an answer."""
    top = round_up(max((value for values in series.values() for value in values if value is not None), default=0))
    step = width / max(1, len(days) - 1)
    return Chart(
        says=says,
        width=width,
        height=height,
        top=top,
        lines=[(name, draw_lines(values, top, width, height)) for name, values in series.items()],
        empty=[(max(0.0, number * step - step / 2), step) for number in empty],
        ticks=[(number * step, in_words(days[number], "short")) for number in sorted({0, len(days) // 2, len(days) - 1}) if days],
    )


def draw_bars(counts: Sequence[tuple[str, int, int]], wide: float) -> list[Bar]:
    """Return two bars for each name with a count before and after, the longest as wide as that.

    >>> [(bar.before_wide, bar.after_wide) for bar in draw_bars([("red", 5, 10), ("amber", 0, 2)], 100)]
    [(50.0, 100.0), (0.0, 20.0)]
    """
    most = max([1, *(count for _, before, after in counts for count in (before, after))])
    return [
        Bar(name=name, before=before, after=after, before_wide=before / most * wide, after_wide=after / most * wide)
        for name, before, after in counts
    ]


def squeeze(values: Sequence[float | None], width: int) -> list[float | None]:
    """Return at most `width` values: each the greatest of its days, None where none of them has a value."""
    if len(values) <= width:
        return list(values)
    edges = [len(values) * number // width for number in range(width + 1)]
    parts = [[value for value in values[start:end] if value is not None] for start, end in pairwise(edges)]
    return [max(part) if part else None for part in parts]


def draw_blocks(values: Sequence[float | None], top: float, height: int = 1) -> list[str]:
    """Return lines of blocks, the highest first: a column a value, as high as its share of `top`; a day without one is a dot.

    >>> draw_blocks([0, 1, 4, None, 8], 8)
    [' ▁▄·█']
    """
    steps = [None if value is None else _steps(value, top, height * len(BLOCKS)) for value in values]
    return ["".join(_block(step, row, row == 0) for step in steps) for row in reversed(range(height))]


def _steps(value: float, top: float, most: int) -> int:
    # What is there is seen: a value above nothing has a block, however small.
    return 0 if value <= 0 or top <= 0 else max(1, round(value / top * most))


def _block(step: int | None, row: int, lowest: bool) -> str:
    if step is None:
        return GAP if lowest else " "
    rest = step - row * len(BLOCKS)
    return " " if rest <= 0 else BLOCKS[min(rest, len(BLOCKS)) - 1]


def draw_lines(values: Sequence[float | None], top: float, width: float, height: float) -> list[str]:
    """Return the points of each unbroken stretch as an SVG polyline has them; a stretch of one day is drawn as a short line.

    >>> draw_lines([0, 4, None, 2], 4, 30, 10)
    ['0.0,10.0 10.0,0.0', '29.0,5.0 30.0,5.0']
    """
    step = width / max(1, len(values) - 1)
    stretches: list[list[str]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{number * step:.1f},{height - value / (top or 1) * height:.1f}")
    return [" ".join(stretch if len(stretch) > 1 else [_left_of(stretch[0]), stretch[0]]) for stretch in stretches if stretch]


def _left_of(point: str) -> str:
    x, _, y = point.partition(",")
    return f"{float(x) - 1:.1f},{y}"


def round_up(value: float) -> int:
    """Return a round number at or above a value, for the top of a scale.

    >>> round_up(0), round_up(7), round_up(23), round_up(120)
    (1, 8, 25, 150)
    """
    steps = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100]
    scale = 1
    while value > steps[-1] * scale:
        scale *= 10
    return next(step * scale for step in steps if step * scale >= value)
