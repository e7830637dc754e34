"""Filters, search, ordering and pages of lists.

Invalid parameters give 400, ids of other businesses an empty list.
"""

import datetime
import uuid
from base64 import b64encode
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from accounts.tests.personas import Personas
from audit.models import AuditEvent
from automatehq.api.filters import (
    LocalDateFromFilter,
    LocalDateToFilter,
    StrictFilterSet,
)
from automatehq.api.pagination import CursorPagination
from automatehq.api.routing import endpoint
from businesses.tenancy.context import set_current_user
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory


class ListedEmployeeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Employee
        fields = ("id", "full_name")


class ListedEmployeeFilterSet(StrictFilterSet):
    created_from = LocalDateFromFilter(field_name="created_at")
    created_to = LocalDateToFilter(field_name="created_at")

    class Meta:
        model = Employee
        fields = ("site_id", "is_active", "passport_id", "started_on")


@extend_schema_view(list=endpoint(parameters=[OpenApiParameter("include_counts")]))
class ListedEmployeeViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    queryset = Employee.objects
    serializer_class = ListedEmployeeSerializer
    filterset_class = ListedEmployeeFilterSet
    authentication_classes = []
    permission_classes = []
    search_fields = ("full_name",)
    ordering = ("full_name",)
    ordering_fields = {"name": "full_name", "start": ("started_on", "full_name")}


class EventSerializer(serializers.ModelSerializer):
    class Meta:
        model = AuditEvent
        fields = ("id",)


class EventViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = AuditEvent.objects
    serializer_class = EventSerializer
    pagination_class = CursorPagination
    authentication_classes = []
    permission_classes = []


@pytest.fixture
def acme_open(acme: Personas) -> Any:
    with acme.scope():
        set_current_user(acme.admin)
        yield acme


def ask(view: Any, business: Any = None, **query: Any) -> Response:
    request = APIRequestFactory().get("/api/x", query)
    request.business = business
    return view.as_view({"get": "list"})(request)


def names(response: Response) -> list[str]:
    assert response.status_code == 200, response.data
    return [row["full_name"] for row in response.data["results"]]


def error_codes(response: Response) -> dict[str, str]:
    assert response.status_code == 400, response.data
    return {error["attr"]: error["code"] for error in response.data["errors"]}


def test_unknown_parameters_are_named(acme_open: Personas) -> None:
    response = ask(ListedEmployeeViewSet, colour="red", format="xml", site="x")
    assert error_codes(response) == dict.fromkeys(
        ("colour", "format", "site"), "unknown_parameter"
    )


def test_declared_parameters_pass(acme_open: Personas) -> None:
    assert names(ask(ListedEmployeeViewSet, include_counts="true")) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("site_id", "1"),
        ("site_id", "x\0"),
        ("is_active", "yes"),
        ("is_active", "TRUE"),
        ("started_on", "20260301"),
        ("created_from", "2026-02-30"),
        ("created_to", "9999-12-31"),
        ("passport_id", "\0"),
        ("search", "\0"),
        ("search", "x" * 201),
        ("ordering", "colour"),
        ("ordering", "name,"),
        ("ordering", "full_name"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "last"),
        ("page", "1.0"),
        ("page", "٣"),
        ("page_size", "0"),
        ("page_size", "many"),
    ],
)
def test_malformed_values_are_named(acme_open: Personas, name: str, value: str) -> None:
    assert set(error_codes(ask(ListedEmployeeViewSet, **{name: value}))) == {name}


def test_filters_search_and_order_work_together(acme_open: Personas) -> None:
    for name, is_active in [
        ("Noa Levi", True),
        ("Avi Levi", True),
        ("Dan Levi", False),
    ]:
        EmployeeFactory(full_name=name, is_active=is_active)
    assert names(ask(ListedEmployeeViewSet)) == ["Avi Levi", "Dan Levi", "Noa Levi"]
    assert names(ask(ListedEmployeeViewSet, is_active="true", search="levi")) == [
        "Avi Levi",
        "Noa Levi",
    ]
    assert names(ask(ListedEmployeeViewSet, ordering="-name", search="")) == [
        "Noa Levi",
        "Dan Levi",
        "Avi Levi",
    ]


def test_pages_do_not_overlap_when_the_order_ties(acme_open: Personas) -> None:
    rows = {str(EmployeeFactory(full_name="Same").id) for _ in range(5)}
    seen = []
    for page in (1, 2, 3):
        response = ask(ListedEmployeeViewSet, page=page, page_size=2)
        seen += [row["id"] for row in response.data["results"]]
    assert sorted(seen) == sorted(rows)
    assert response.data["count"] == 5
    assert response.data["next"] is None
    assert response.data["previous"] == "http://testserver/api/x?page=2&page_size=2"


def test_pages_end_at_the_last_and_hold_at_most_200(acme_open: Personas) -> None:
    response = ask(ListedEmployeeViewSet, page=2)
    assert response.status_code == 404
    assert response.data["errors"][0]["code"] == "no_such_page"
    assert ask(ListedEmployeeViewSet, page_size=10**8).status_code == 200


def test_days_are_those_of_the_business(acme_open: Personas) -> None:
    """The filters use local days: 23:30 on 4 March in Jerusalem is 21:30 UTC; half past midnight is 22:30 UTC."""
    late, early = EmployeeFactory(full_name="late"), EmployeeFactory(full_name="early")
    for row, hour in ((late, 21), (early, 22)):
        moment = datetime.datetime(2026, 3, 4, hour, 30, tzinfo=datetime.UTC)
        Employee.objects.filter(pk=row.pk).update(created_at=moment)
    business = acme_open.business
    business.time_zone = "Asia/Jerusalem"
    assert names(ask(ListedEmployeeViewSet, business, created_to="2026-03-04")) == [
        "late"
    ]
    assert names(ask(ListedEmployeeViewSet, business, created_from="2026-03-05")) == [
        "early"
    ]
    business.time_zone = "UTC"
    both = {"created_from": "2026-03-04", "created_to": "2026-03-04"}
    assert len(names(ask(ListedEmployeeViewSet, business, **both))) == 2


@pytest.fixture
def events(acme_open: Personas) -> list[str]:
    """Return seven events, newest first; five have the same time."""
    moment = datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC)
    made = [
        AuditEvent(
            id=uuid.UUID(int=number),
            event_type="x",
            created_at=moment + datetime.timedelta(hours=max(0, number - 5)),
        )
        for number in range(1, 8)
    ]
    AuditEvent.objects.bulk_create(made)
    for event in made:
        event.refresh_from_db()
    made.sort(key=lambda event: (event.created_at, event.id), reverse=True)
    return [str(event.id) for event in made]


def test_cursors_lead_through_all_rows_and_back(events: list[str]) -> None:
    seen, link = [], None
    response = ask(EventViewSet, page_size=2)
    pages = [response]
    while link := response.data["next"]:
        response = follow(link)
        pages.append(response)
    for page in pages:
        seen += [row["id"] for row in page.data["results"]]
    assert seen == events
    assert pages[0].data["previous"] is None
    back = [response.data["results"]]
    while link := response.data["previous"]:
        response = follow(link)
        back.insert(0, response.data["results"])
    assert [row["id"] for page in back for row in page] == events


def follow(link: str) -> Response:
    return EventViewSet.as_view({"get": "list"})(APIRequestFactory().get(link))


ROW = "00000000-0000-0000-0000-000000000001"
MADE_UP = [
    f"2026-03-04T00:00:00|{ROW}|>",  # without a time zone
    f"2026-03-04T00:00:00+23:59|{ROW}|>",  # PostgreSQL has no such time zone
    f"2026-03-04T00:00:00+00:00|{ROW}|=",
    f"2026-03-04T00:00:00+00:00|{ROW}",
]


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "é", "AAAA", "MjAyNi0wMy0wNHxhfD4=", "fHx8", "\0", "a" * 999),
        *(b64encode(text.encode()).decode() for text in MADE_UP),
    ],
)
def test_a_made_up_cursor_is_named(acme_open: Personas, cursor: str) -> None:
    assert error_codes(ask(EventViewSet, cursor=cursor)) == {"cursor": "invalid"}


def test_new_events_do_not_shift_the_pages(events: list[str]) -> None:
    response = ask(EventViewSet, page_size=2)
    seen = [row["id"] for row in response.data["results"]]
    while link := response.data["next"]:
        AuditEvent(event_type="x").save(force_insert=True)
        response = follow(link)
        seen += [row["id"] for row in response.data["results"]]
    assert seen == events


def test_a_page_is_read_by_index_and_not_sorted(acme_open: Personas) -> None:
    AuditEvent.objects.bulk_create(AuditEvent(event_type="x") for _ in range(2000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_events")
    link = ask(EventViewSet).data["next"]
    with CaptureQueriesContext(connection) as captured:
        assert len(follow(link).data["results"]) == 50
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + captured[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using audit_events_" in plan
    assert "Sort" not in plan


def test_cursor_lists_know_neither_pages_nor_orders(acme_open: Personas) -> None:
    assert set(error_codes(ask(EventViewSet, page=1, ordering="id", search="x"))) == {
        "page",
        "ordering",
        "search",
    }
