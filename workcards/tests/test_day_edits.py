"""PATCH of a day: the sent fields change, the others keep their values."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from workcards.day_edits import patched_day
from workcards.hours import DayFigures, InvalidDay, day_figures
from workcards.services.audit_events import DAY_FIELDS
from workcards.tests.factories import WorkCardFactory
from workcards.transitions import DayStatus

EIGHT, FIVE, SIX = time(8), time(17), time(18)
SHIFT = DayFigures(EIGHT, FIVE, 30, Decimal("8.50"), None, "Harbour")
TOTAL = DayFigures(total_hours=Decimal("7.34"), comment="Harbour")
SICK = DayFigures(total_hours=None, day_status="SICK", comment="Harbour")
REMARK = DayFigures(comment="Harbour")
ALL_NULL = dict.fromkeys(DAY_FIELDS)


def day(*times: Any, total: str | None = "0.00", status: str | None = None) -> Any:
    """Return (from, to, break, total, absence)."""
    start, end, pause = times or (None, None, 0)
    return start, end, pause, None if total is None else Decimal(total), status


@pytest.mark.parametrize(
    ("stored", "sent", "expected"),
    [
        # Times
        (SHIFT, {}, day(EIGHT, FIVE, 30, total="8.50")),
        (SHIFT, {"to_time": SIX}, day(EIGHT, SIX, 30, total="9.50")),
        (SHIFT, {"break_minutes": 60}, day(EIGHT, FIVE, 60, total="8.00")),
        (SHIFT, {"break_minutes": None}, day(EIGHT, FIVE, 0, total="9.00")),
        (SHIFT, {"total_hours": Decimal("8.51")}, day(EIGHT, FIVE, 30, total="8.50")),
        (SHIFT, {"total_hours": None}, day(EIGHT, FIVE, 30, total="8.50")),
        (SHIFT, {"total_hours": Decimal(8)}, ("total_mismatch", "total_hours")),
        (
            SHIFT,
            {"to_time": SIX, "total_hours": Decimal("8.50")},
            ("total_mismatch", "total_hours"),
        ),
        (SHIFT, {"to_time": EIGHT}, ("same_times", "to_time")),
        (SHIFT, {"to_time": None}, ("missing_time", "to_time")),
        (SHIFT, {"to_time": time(8, 20)}, ("break_too_long", "break_minutes")),
        (SHIFT, {"from_time": None, "to_time": None}, day(total="8.50")),
        (
            SHIFT,
            {"from_time": None, "to_time": None, "total_hours": Decimal(5)},
            day(total="5.00"),
        ),
        (
            SHIFT,
            {"from_time": None, "to_time": None, "break_minutes": 30},
            ("break_without_times", "break_minutes"),
        ),
        # A total alone
        (TOTAL, {"total_hours": Decimal(6)}, day(total="6.00")),
        (TOTAL, {"break_minutes": None}, day(total="7.34")),
        (TOTAL, {"break_minutes": 30}, ("break_without_times", "break_minutes")),
        (TOTAL, {"to_time": FIVE}, ("missing_time", "from_time")),
        (
            TOTAL,
            {"from_time": EIGHT, "to_time": FIVE},
            day(EIGHT, FIVE, 0, total="9.00"),
        ),
        (TOTAL, {"total_hours": None}, day()),
        # Absences
        (SHIFT, {"day_status": "SICK"}, day(total=None, status="SICK")),
        (TOTAL, {"day_status": "SICK"}, day(total=None, status="SICK")),
        (SICK, {"day_status": "VACATION"}, day(total=None, status="VACATION")),
        (SICK, {"total_hours": Decimal(8)}, day(total="8.00")),
        (
            SICK,
            {"from_time": EIGHT, "to_time": FIVE},
            day(EIGHT, FIVE, 0, total="9.00"),
        ),
        (SICK, {"break_minutes": 30}, ("break_without_times", "break_minutes")),
        (SICK, {"to_time": FIVE}, ("missing_time", "from_time")),
        (SICK, {"total_hours": None}, day(total=None, status="SICK")),
        (SICK, {"break_minutes": 0}, day(total=None, status="SICK")),
        (
            SICK,
            {"day_status": "SICK", "total_hours": Decimal(8)},
            day(total=None, status="SICK"),
        ),
        (SICK, {"day_status": None}, day()),
        (SICK, {"day_status": "DRUNK"}, ("unknown_day_status", "day_status")),
        # A comment alone
        (REMARK, {"total_hours": Decimal(4)}, day(total="4.00")),
    ],
)
def test_sent_fields_change_and_the_others_stay(
    stored: DayFigures, sent: dict[str, Any], expected: Any
) -> None:
    if isinstance(expected[0], str):
        with pytest.raises(InvalidDay) as rejected:
            patched_day(stored, sent)
        assert (rejected.value.code, rejected.value.field) == expected
        return
    found = patched_day(stored, sent)
    assert found is not None
    figures = [getattr(found, field) for field in DAY_FIELDS[:5]]
    assert tuple(figures) == expected
    assert found.comment == "Harbour"


@pytest.mark.parametrize("stored", [SHIFT, TOTAL, SICK, REMARK, None])
def test_a_day_whose_fields_are_all_null_is_cleared(stored: DayFigures | None) -> None:
    assert patched_day(stored, ALL_NULL) is None


def test_a_day_without_an_entry_is_patched_as_a_new_one() -> None:
    assert patched_day(None, {}) is None
    assert patched_day(None, {"comment": "Rain"}) == DayFigures(comment="Rain")
    assert patched_day(None, {"from_time": EIGHT, "to_time": FIVE}) == DayFigures(
        EIGHT, FIVE, 0, Decimal(9)
    )


TIMES = st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "from_time": TIMES,
    "to_time": TIMES,
    "break_minutes": st.none() | st.integers(0, 240),
    "total_hours": st.none() | st.decimals(0, 24, places=2),
    "day_status": st.none() | st.sampled_from(DayStatus.values),
    "comment": st.sampled_from(["", "Rain"]),
}


def _stored(values: dict[str, Any]) -> DayFigures | None:
    """Return a valid day from arbitrary values; drop a contradictory total."""
    try:
        return day_figures(**values)
    except InvalidDay:
        return day_figures(comment="Rain", total_hours=values["total_hours"])


DAYS = st.fixed_dictionaries(FIELDS).map(_stored)
SENT = st.fixed_dictionaries({}, optional=FIELDS)


@given(DAYS, st.sets(st.sampled_from(DAY_FIELDS)))
def test_fields_that_are_sent_back_change_nothing(
    stored: DayFigures | None, names: set[str]
) -> None:
    sent = {name: getattr(stored, name) for name in names} if stored else {}
    assert patched_day(stored, sent) == stored


@given(DAYS, st.sampled_from(["", "Rain", "  Late  ", None]))
def test_a_sent_comment_changes_no_figure(
    stored: DayFigures | None, comment: str | None
) -> None:
    if stored is None:
        return
    found = patched_day(stored, {"comment": comment})
    assert found is not None
    assert found.comment == (comment or "").strip()
    for field in DAY_FIELDS[:5]:
        assert getattr(found, field) == getattr(stored, field)


@given(DAYS, SENT)
def test_a_patched_day_has_what_was_sent_and_else_what_was_stored(
    stored: DayFigures | None, sent: dict[str, Any]
) -> None:
    try:
        found = patched_day(stored, sent)
    except InvalidDay:
        return
    if found is None:
        assert not any(sent.get(name) for name in DAY_FIELDS)
        return
    # The result can be written as a whole day.
    assert day_figures(**{f: getattr(found, f) for f in DAY_FIELDS}) == found
    before = stored or DayFigures()
    if sent.get("day_status"):
        assert found.day_status == sent["day_status"]
    elif found.day_status:
        assert "day_status" not in sent
        assert found.day_status == before.day_status
    if found.day_status:
        return
    for name in ("from_time", "to_time"):
        assert getattr(found, name) == sent.get(name, getattr(before, name))
    if found.from_time:
        pause = sent.get("break_minutes", before.break_minutes) or 0
        assert found.break_minutes == pause
    elif "total_hours" in sent:
        assert found.total_hours == abs(sent["total_hours"] or Decimal(0))
    else:
        assert found.total_hours == (before.total_hours or 0)


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        return WorkCardFactory()


def _days(client: Any, card: Any, verb: str, version: int, **day: Any) -> Any:
    entries = [{"work_date": "2026-06-05", **day}]
    url = f"/api/work_cards/{card.pk}/day-entries"
    return getattr(client, verb)(url, {"version": version, "entries": entries})


@pytest.mark.django_db
def test_a_comment_is_patched_and_the_hours_stay(acme: Any, card: Any) -> None:
    client = client_of(acme.reviewer)
    written = {"from_time": "8:00", "to_time": "24:00", "break_minutes": 30}
    before = _days(client, card, "put", 1, **written).json()["entries"][0]
    assert (before["from_time"], before["to_time"]) == ("08:00", "00:00")
    assert before["total_hours"] == "15.50"
    patched = _days(client, card, "patch", 2, comment="Night")
    assert patched.status_code == 200, patched.content
    assert patched.json()["entries"] == [before | {"comment": "Night"}]
    with acme.scope():
        event = AuditEvent.objects.filter(event_type="days_updated").first()
        assert event.metadata["after"]["2026-06-05"]["comment"] == "Night"
    assert _days(client, card, "patch", 3).json()["version"] == 3
    cleared = _days(client, card, "patch", 3, **ALL_NULL)
    assert cleared.json()["entries"] == []


@pytest.mark.django_db
def test_a_patch_that_contradicts_the_stored_day_names_the_field(
    acme: Any, card: Any
) -> None:
    client = client_of(acme.reviewer)
    _days(client, card, "put", 1, from_time="08:00", to_time="17:00", break_minutes=30)
    rejected = _days(client, card, "patch", 2, total_hours="8.00")
    assert rejected.status_code == 400
    body = rejected.json()
    assert body["errors"][0]["attr"] == "entries.0.total_hours"
    assert body["mismatches"][0]["suggested_break_minutes"] == 60
    recomputed = _days(client, card, "patch", 2, to_time="18:00").json()
    assert recomputed["entries"][0]["total_hours"] == "9.50"


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["version", "entries"])
def test_patch_requires_version_and_entries(acme: Any, card: Any, missing: str) -> None:
    body: dict[str, Any] = {"version": 1, "entries": []}
    del body[missing]
    url = f"/api/work_cards/{card.pk}/day-entries"
    rejected = client_of(acme.reviewer).patch(url, body)
    assert rejected.status_code == 400
    assert rejected.json()["errors"][0]["attr"] == missing


@pytest.mark.django_db
def test_the_schema_requires_version_and_entries_of_patch(client: Any) -> None:
    schema = client.get("/api/schema?format=json").json()
    path = schema["paths"]["/api/work_cards/{id}/day-entries"]
    for method in ("put", "patch"):
        body = path[method]["requestBody"]
        name = body["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
        component = schema["components"]["schemas"][name]
        assert body["required"] is True
        assert set(component["required"]) == {"version", "entries"}
    day = schema["components"]["schemas"]["DayRequest"]
    assert day["required"] == ["work_date"]
