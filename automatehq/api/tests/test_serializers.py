"""Serializers reject unknown and changed read-only fields by name."""

import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rest_framework import serializers

from automatehq.api.fields import (
    DateField,
    HourMinuteField,
    HoursField,
    IdField,
    MonthField,
    NamedReference,
    TimestampField,
)
from automatehq.api.serializers import TEXT_LIMIT, StrictSerializer

BUSINESS = "0195f1c2-7b6a-7000-8000-00000000000b"


class SampleDaySerializer(StrictSerializer):
    work_date = DateField()
    from_time = HourMinuteField(required=False)
    ledger = serializers.CharField(read_only=True)


class SampleCardSerializer(StrictSerializer):
    id = IdField(read_only=True)
    business_id = IdField(read_only=True)
    notes = serializers.CharField(required=False, allow_blank=True)
    code = serializers.CharField(required=False, max_length=5)
    created_at = serializers.DateTimeField(read_only=True)
    total = HoursField(read_only=True)
    site = NamedReference("site.site_name")
    entries = SampleDaySerializer(many=True, required=False)


CARD = SimpleNamespace(
    id=BUSINESS,
    business_id=BUSINESS,
    notes="n",
    code="c",
    created_at=datetime.datetime(2026, 3, 5, 10, 0, 0, 7, ZoneInfo("Asia/Jerusalem")),
    total=Decimal("8.5"),
    site_id=BUSINESS,
    site=SimpleNamespace(site_name="North"),
    entries=[],
)


def codes(serializer: Any) -> dict[str, Any]:
    assert not serializer.is_valid()
    return {
        name: [e.code for e in errors] for name, errors in serializer.errors.items()
    }


def test_what_a_get_shows_can_be_put_back() -> None:
    shown = SampleCardSerializer(CARD).data
    assert shown == {
        "id": BUSINESS,
        "business_id": BUSINESS,
        "notes": "n",
        "code": "c",
        "created_at": "2026-03-05T08:00:00Z",
        "total": "8.50",
        "site": {"id": BUSINESS, "name": "North"},
        "entries": [],
    }
    serializer = SampleCardSerializer(CARD, data=dict(shown))
    assert serializer.is_valid(), serializer.errors
    assert set(serializer.validated_data) == {"notes", "code", "entries"}


@pytest.mark.parametrize("name", ["id", "business_id", "created_at", "total", "site"])
@pytest.mark.parametrize("value", ["other", None, {}, 8.5])
def test_a_read_only_field_with_another_value_is_named(name: str, value: Any) -> None:
    assert codes(SampleCardSerializer(CARD, data={name: value}, partial=True)) == {
        name: ["read_only"]
    }


def test_every_unknown_field_is_named_beside_the_other_errors() -> None:
    serializer = SampleCardSerializer(
        data={"colour": 1, "Notes": 2, "code": "too long"}
    )
    assert codes(serializer) == {
        "colour": ["unknown_field"],
        "Notes": ["unknown_field"],
        "code": ["max_length"],
    }


@pytest.mark.parametrize(
    ("value", "passes"), [(BUSINESS, True), (None, False), ("other", False), (1, False)]
)
def test_on_create_business_id_passes_only_as_ones_own(
    value: Any, passes: bool
) -> None:
    context = {"request": SimpleNamespace(business_id=BUSINESS)}
    serializer = SampleCardSerializer(data={"business_id": value}, context=context)
    assert serializer.is_valid() is passes


def test_on_create_other_read_only_fields_pass_only_as_null() -> None:
    assert SampleCardSerializer(data={"id": None, "site": None}).is_valid()
    assert codes(SampleCardSerializer(data={"id": BUSINESS})) == {"id": ["read_only"]}


def test_nested_errors_are_keyed_by_index() -> None:
    entries = [
        {"work_date": "2026-03-01"},
        {"work_date": "2026-03-02", "from_time": "8", "colour": 1, "ledger": "x"},
    ]
    serializer = SampleCardSerializer(data={"entries": entries})
    assert not serializer.is_valid()
    assert set(serializer.errors["entries"]) == {1}
    assert set(serializer.errors["entries"][1]) == {"from_time", "colour", "ledger"}


def test_a_nested_serializer_can_find_the_row_that_it_compares_with() -> None:
    class PlacedDay(SampleDaySerializer):
        def current(self, data: Any) -> Any:
            return self.context["days"].get(data.get("work_date"))

    class Days(StrictSerializer):
        entries = PlacedDay(many=True)

    context = {"days": {"2026-03-01": SimpleNamespace(ledger="kept")}}
    same = {"entries": [{"work_date": "2026-03-01", "ledger": "kept"}]}
    other = {"entries": [{"work_date": "2026-03-01", "ledger": "new"}]}
    assert Days(data=same, context=context).is_valid()
    assert not Days(data=other, context=context).is_valid()


@pytest.mark.parametrize("data", [[], "x", 5, True])
def test_only_an_object_is_a_body(data: Any) -> None:
    assert codes(SampleCardSerializer(data=data)) == {"non_field_errors": ["invalid"]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\0b", "null_characters_not_allowed"),
        ("a\ud800", "surrogate_characters_not_allowed"),
        ("x" * (TEXT_LIMIT + 1), "max_length"),
        (True, "invalid"),
        ([], "invalid"),
    ],
)
def test_text_that_no_column_takes_is_refused(text: Any, code: str) -> None:
    assert codes(SampleCardSerializer(data={"notes": text})) == {"notes": [code]}


def test_text_is_stripped() -> None:
    serializer = SampleCardSerializer(data={"notes": "  a \n"})
    assert serializer.is_valid()
    assert serializer.validated_data["notes"] == "a"


@pytest.mark.parametrize("text", ["2026-03", "2026-03-01", "2026-03-31"])
def test_a_month_is_read_from_any_of_its_dates(text: str) -> None:
    month = MonthField().run_validation(text)
    assert month == datetime.date(2026, 3, 1)
    assert MonthField().to_representation(month) == "2026-03"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (MonthField(), ["", "2026", "2026-3", "2026-13", "2026-02-30", "0001-01"]),
        (MonthField(), [None, 202603, "2026-03-05T00:00", "٢٠٢٦-٠٣", "2026-03\n", []]),
        (DateField(), ["20260305", "2026-W10-4", "2026-02-29", "9999-12-31", 5, {}]),
        (
            HourMinuteField(),
            ["24:00", "08:60", "8:0", "08:00:00", "", 8, [], "08:00\n", "٨:00"],
        ),
        (HourMinuteField(is_end=True), ["24:01", "24:00:00", "25:00", "24", 24]),
        (HoursField(), ["NaN", "inf", "-inf", "1e2", "1e-999999999", "0x1", "", "8,5"]),
        (HoursField(), [True, [], {}, float("nan"), float("inf"), 1e-7, 1e300, "٨"]),
        (HoursField(), ["8.505", 1000, "1000.00", "99999999999999999999999", "1_0"]),
        (IdField(), [1, "", "x", "{" + BUSINESS + "}", BUSINESS.replace("-", ""), []]),
    ],
)
def test_what_is_not_a_value_of_the_field_is_refused(
    field: serializers.Field, values: list[Any]
) -> None:
    for value in values:
        with pytest.raises(serializers.ValidationError):
            field.run_validation(value)


@pytest.mark.parametrize("value", ["8.5", "8.50", 8.5, "08.50", " 8.5 "])
def test_hours_are_read_from_text_and_numbers_and_written_with_two_decimals(
    value: Any,
) -> None:
    hours = HoursField().run_validation(value)
    assert hours == Decimal("8.5")
    assert HoursField().to_representation(hours) == "8.50"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0.00"), (Decimal("123456.785"), "123456.79"), (Decimal("1E+3"), "1000.00")],
)
def test_totals_are_written_whatever_their_size(value: Any, written: str) -> None:
    assert HoursField().to_representation(value) == written


def test_times_are_written_to_the_minute() -> None:
    assert HourMinuteField().run_validation("08:05") == datetime.time(8, 5)
    assert HourMinuteField().run_validation("8:05") == datetime.time(8, 5)
    assert HourMinuteField(is_end=True).run_validation("24:00") == datetime.time(0)
    assert HourMinuteField().to_representation(datetime.time(8, 5, 9)) == "08:05"


def test_timestamps_are_written_in_utc_to_the_second() -> None:
    moment = datetime.datetime(2026, 3, 5, 10, 0, 1, 999, ZoneInfo("Asia/Jerusalem"))
    assert TimestampField().to_representation(moment) == "2026-03-05T08:00:01Z"


def test_a_named_reference_is_null_without_an_id_and_needs_no_join() -> None:
    class RowWithId(serializers.Serializer):
        uploaded_by = NamedReference("uploaded_by_name")

    present = SimpleNamespace(uploaded_by_id=BUSINESS, uploaded_by_name="Dana")
    assert RowWithId(present).data == {"uploaded_by": {"id": BUSINESS, "name": "Dana"}}
    absent = SimpleNamespace(uploaded_by_id=None, uploaded_by_name="")
    assert RowWithId(absent).data == {"uploaded_by": None}
