"""Charts as figures for a template: bars in a field of 120 × 100, a column of 10 a month. Pure.

A page may carry no style of its own, so that everything has to be said by attributes of the SVG.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

HEIGHT = 100
COLUMN, BAR = 10, 5.6
# Tops of the scale, times a power of ten.
TOPS = (10, 12, 15, 20, 30, 40, 50, 60, 80, 100)


class Bar(NamedTuple):
    """As SVG writes numbers, in any language."""

    x: str
    y: str
    width: str
    height: str
    is_now: bool


class Point(NamedTuple):
    month: date
    value: Any


class Chart(NamedTuple):
    """Twelve months: `scale` from the top down; the last bar is of the month that one looks at."""

    points: list[Point]
    scale: tuple[int, int, int]
    bars: list[Bar]

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def curve(self) -> str:
        """The middles of the bars' tops, as a polyline has them."""
        return " ".join(
            f"{_middle(place)},{bar.y}" for place, bar in enumerate(self.bars)
        )

    @property
    def area(self) -> str:
        """What lies under the curve, as a path has it."""
        end = _middle(len(self.bars) - 1)
        return f"M{_middle(0)} {HEIGHT}L{self.curve}L{end} {HEIGHT}z"


def chart_of(figures: Iterable[tuple[date, Any]]) -> Chart:
    """A chart of figures by month, in their order; none is below zero."""
    points = [Point(month, value) for month, value in figures]
    top = top_of([point.value for point in points])
    bars = []
    for place, point in enumerate(points):
        height = float(point.value) / top * HEIGHT
        bars.append(
            Bar(
                x=f"{place * COLUMN + (COLUMN - BAR) / 2:.1f}",
                y=f"{HEIGHT - height:.1f}",
                width=f"{BAR}",
                height=f"{height:.1f}",
                is_now=place == len(points) - 1,
            )
        )
    return Chart(points, (top, top // 2, 0), bars)


def top_of(values: Sequence[Decimal | int]) -> int:
    """The least round number that is no smaller than any of the values, and whose half is whole."""
    most = max(values, default=0)
    power = 1
    while most > 10 * power:
        power *= 10
    rounds = (top * power // 10 for top in TOPS if top * power % 20 == 0)
    return next(top for top in rounds if top >= most)


def _middle(place: int) -> int:
    return place * COLUMN + COLUMN // 2
