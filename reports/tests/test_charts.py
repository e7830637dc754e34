"""Tests of charts: round scales, and bars in proportion to their figures."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import build_chart, scale_top
from workcards.month_math import last_months

MONTHS = last_months(date(2026, 3, 1), 12)


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (0, 2),
        (7, 8),
        (10, 10),
        (11, 12),
        (13, 20),
        (107, 120),
        (121, 150),
        (151, 200),
        (211, 300),
        (38_941, 40_000),
        (1_000_001, 1_200_000),
    ],
)
def test_a_scale_ends_at_a_round_number(most: int, top: int) -> None:
    assert scale_top([0, most, 0]) == top


@given(st.lists(st.integers(0, 10**9), max_size=12))
def test_no_figure_is_above_its_scale_and_its_half_is_whole(values: list[int]) -> None:
    top = scale_top(values)
    assert top >= max(values, default=0)
    assert top % 2 == 0


def test_bars_are_as_high_as_their_figures_and_the_last_month_is_now() -> None:
    figures = [Decimal(0)] * 10 + [Decimal("50.00"), Decimal("100.00")]
    chart = build_chart(zip(MONTHS, figures, strict=True))
    assert chart.scale == (100, 50, 0)
    assert [bar.height for bar in chart.bars] == ["0.0"] * 10 + ["50.0", "100.0"]
    assert [bar.y for bar in chart.bars][-2:] == ["50.0", "0.0"]
    assert [bar.is_now for bar in chart.bars] == [False] * 11 + [True]
    assert chart.bars[1].x == "12.2"
    assert chart.curve.endswith("95,100.0 105,50.0 115,0.0")
    assert chart.area.startswith("M5 100L5,100.0 ")
    assert chart.area.endswith("115,0.0L115 100z")
