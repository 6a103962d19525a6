"""Series of days as pictures: blocks for a terminal, and the points of a line for a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"


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
