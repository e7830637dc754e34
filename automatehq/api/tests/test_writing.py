"""The fast serializers and renderers give the same output as DRF's."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.translation import gettext_lazy
from rest_framework import renderers, serializers

from automatehq.api.renderers import JSONRenderer
from automatehq.api.serializers import StrictSerializer
from workcards.transitions import ReviewStatus

VALUES = {
    "text": 'שעות "8"\n',
    "lazy": gettext_lazy("Saturday"),
    "id": uuid.UUID(int=7),
    "hin_scope": Decimal("8.50"),
    "date": dt.date(2026, 3, 5),
    "moment": dt.datetime(2026, 3, 5, 8, 0, 0, 123456, tzinfo=dt.UTC),
    "list": [1, 2.5, None, True],
    "by status": {ReviewStatus.APPROVED: 3},
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_written_as_rest_framework_writes_them(name: str) -> None:
    in_scope, theirs = (
        json.loads(kind.render(VALUES[name]))
        for kind in (JSONRenderer(), renderers.JSONRenderer())
    )
    assert in_scope == theirs


def test_nothing_is_written_as_nothing_and_what_is_no_json_is_refused() -> None:
    assert JSONRenderer().render(None) == b""
    with pytest.raises(TypeError):
        JSONRenderer().render({"thing": object()})


class Inner(serializers.Serializer[Any]):
    name = serializers.CharField()


class SampleRow(StrictSerializer):
    text = serializers.CharField()
    method = serializers.CharField()
    number = serializers.IntegerField(source="inner.number", read_only=True)
    inner = Inner()
    missing = serializers.CharField(required=False)
    items = serializers.CharField(allow_null=True)
    hidden = serializers.CharField(write_only=True)


INNER = SimpleNamespace(name="in", number=3)
CONTENT = {"text": 5, "method": lambda: "called", "inner": INNER, "items": None}
WRITTEN = {
    "text": "5",
    "method": "called",
    "number": 3,
    "inner": {"name": "in"},
    "items": None,
}


@pytest.mark.parametrize("row", [SimpleNamespace(**CONTENT), CONTENT])
def test_rows_are_written_as_rest_framework_writes_them(row: Any) -> None:
    assert SampleRow(row).data == WRITTEN
    assert serializers.Serializer.to_representation(SampleRow(), row) == WRITTEN


def test_a_missing_value_that_is_wanted_is_an_error() -> None:
    with pytest.raises(AttributeError, match="text"):
        _ = SampleRow(SimpleNamespace(inner=INNER)).data


def test_serializers_of_one_class_share_no_field() -> None:
    one, other = SampleRow(), SampleRow()
    one.fields["text"].required = False
    assert one.fields["text"] is not other.fields["text"]
    assert other.fields["text"].required
    assert SampleRow().fields["text"].required
