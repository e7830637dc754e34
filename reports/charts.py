"""Charts as numbers for a template.

A chart is 120 × 100 units, with a column of 10 for each month. The functions have no side effects. The pages have no
inline styles, so the numbers are SVG attributes.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

HEIGHT = 100
COLUMN, BAR = 10, 5.6
# Upper ends of the scale, times a power of ten.
TOPS = (10, 12, 15, 20, 30, 40, 50, 60, 80, 100)


class ChartBar(NamedTuple):
    """Position and size of a bar, formatted for SVG in any language."""

    x: str
    y: str
    width: str
    height: str
    is_now: bool


class Point(NamedTuple):
    month: date
    value: Decimal | int


class Chart(NamedTuple):
    """A chart of twelve months.

    `scale` lists the labels from the top down. The last bar is the month on the page.
    """

    points: list[Point]
    scale: tuple[int, int, int]
    bars: list[ChartBar]

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def curve(self) -> str:
        """Return the centres of the bars' tops, as the points of a polyline."""
        return " ".join(
            f"{_middle(index)},{bar.y}" for index, bar in enumerate(self.bars)
        )

    @property
    def area(self) -> str:
        """Return the area below the curve, as the data of a path."""
        end = _middle(len(self.bars) - 1)
        return f"M{_middle(0)} {HEIGHT}L{self.curve}L{end} {HEIGHT}z"


def build_chart(figures: Iterable[tuple[date, Decimal | int]]) -> Chart:
    """Return a chart of figures by month, in their order. All figures must be at least zero."""
    points = [Point(month, value) for month, value in figures]
    top = scale_top([point.value for point in points])
    bars = []
    for index, point in enumerate(points):
        height = float(point.value) / top * HEIGHT
        bars.append(
            ChartBar(
                x=f"{index * COLUMN + (COLUMN - BAR) / 2:.1f}",
                y=f"{HEIGHT - height:.1f}",
                width=f"{BAR}",
                height=f"{height:.1f}",
                is_now=index == len(points) - 1,
            )
        )
    return Chart(points, (top, top // 2, 0), bars)


def scale_top(values: Sequence[Decimal | int]) -> int:
    """Return the smallest round number that is at least the maximum.

    Its half is an integer.
    """
    most = max(values, default=0)
    power = 1
    while most > 10 * power:
        power *= 10
    rounds = (top * power // 10 for top in TOPS if top * power % 20 == 0)
    return next(top for top in rounds if top >= most)


def _middle(index: int) -> int:
    return index * COLUMN + COLUMN // 2
