"""Serializers respond to any JSON with a value or an error that names the field."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from automatehq.api.errors import Invalid
from automatehq.api.exception_handler import Formatter
from automatehq.api.fields import (
    DateField,
    HourMinuteField,
    HoursField,
    IdField,
    MonthField,
    TimestampField,
)
from automatehq.api.pagination import Cursor
from automatehq.api.serializers import StrictSerializer

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = ("month", "hours", "time", "date", "moment", "id", "text", "nested", "shown")


class Nested(StrictSerializer):
    text = serializers.CharField()


class Everything(StrictSerializer):
    month = MonthField()
    hours = HoursField()
    time = HourMinuteField()
    date = DateField()
    moment = TimestampField()
    id = IdField()
    text = serializers.CharField()
    nested = Nested(many=True)
    shown = HoursField(read_only=True)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), anything))
def test_any_object_is_answered(data: dict[str, Any]) -> None:
    serializer = Everything(data=data)
    if not serializer.is_valid():
        error = ValidationError(serializer.errors)
        body = Formatter(error, {}, error).run()
        assert body["errors"]
        json.dumps(body, ensure_ascii=False).encode()


@given(st.text() | st.binary().map(lambda raw: raw.hex()))
def test_any_cursor_is_answered(text: str) -> None:
    try:
        cursor = Cursor.decode(text)
    except Invalid:
        return
    assert cursor is None or cursor.encode()


@given(st.from_regex(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?", fullmatch=True))
def test_what_looks_like_a_month_is_its_first_day_or_refused(text: str) -> None:
    try:
        month = MonthField().run_validation(text)
    except ValidationError:
        return
    assert month.day == 1
    assert MonthField().to_representation(month) == text[:7]


@pytest.mark.parametrize("hours", ["0.00", "24.00", "-1.50", "999.99"])
def test_hours_survive_the_way_there_and_back(hours: str) -> None:
    field = HoursField()
    assert field.to_representation(field.run_validation(hours)) == hours
