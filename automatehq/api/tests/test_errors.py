"""The body of error responses."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DatabaseError, IntegrityError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken

from automatehq.api import error_views, errors
from automatehq.api.converters import IdConverter, MonthConverter
from automatehq.api.errors import (
    Conflict,
    Denied,
    Invalid,
    Missing,
    Problem,
    Rule,
    TooMany,
)
from businesses.models import Business

pytestmark = pytest.mark.server

OWN_ID = "0195f1c2-7b6a-7000-8000-000000000001"


def answer(error: Exception, data: Any = None, **kwargs: Any) -> Response:
    """Return the response of a view that raises `error`."""

    class View(APIView):
        authentication_classes = []
        permission_classes = []
        model = Business

        def handle(self, request: Any, **kwargs: Any) -> Response:
            assert request.data is not None
            raise error

        get = post = handle

    request = APIRequestFactory().post("/api/x", data or {}, format="json")
    response = View.as_view()(request, **kwargs)
    response.render()
    response.body = json.loads(response.content)
    return response


def violation(constraint: str, table: str = "employees") -> IntegrityError:
    error = IntegrityError("duplicate key: another business's secret")
    error.__cause__ = Exception()
    error.__cause__.diag = SimpleNamespace(constraint_name=constraint, table_name=table)
    return error


@pytest.fixture
def noted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    calls: list[dict[str, str]] = []
    monkeypatch.setattr(
        "automatehq.api.tests.hook",
        lambda request, **report: calls.append(report),
        raising=False,
    )
    settings.TENANCY_UNKNOWN_ID = "automatehq.api.tests.hook"
    from automatehq.api import unknown_ids

    unknown_ids._hook.cache_clear()
    yield calls
    unknown_ids._hook.cache_clear()


@pytest.mark.parametrize(
    ("error", "status", "code", "error_type"),
    [
        (Conflict("month_closed", "…"), 409, "month_closed", "client_error"),
        (Invalid("total_mismatch", "…"), 400, "total_mismatch", "validation_error"),
        (Denied(), 403, "permission_denied", "client_error"),
        (Denied("act_as_required", "…"), 403, "act_as_required", "client_error"),
        (Missing("file_missing", "…"), 404, "file_missing", "client_error"),
        (TooMany("too_many_in_use", "…"), 429, "too_many_in_use", "client_error"),
        (Http404("secret"), 404, "not_found", "client_error"),
        (exceptions.NotFound("secret"), 404, "not_found", "client_error"),
        (PermissionDenied("secret"), 403, "permission_denied", "client_error"),
        (exceptions.ParseError(), 400, "parse_error", "client_error"),
        (SuspiciousOperation("secret"), 400, "parse_error", "client_error"),
        (RequestDataTooBig("…"), 413, "too_large", "client_error"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated", "client_error"),
        (InvalidToken(), 401, "token_not_valid", "client_error"),
        (
            exceptions.AuthenticationFailed("…", "user_inactive"),
            401,
            "user_inactive",
            "client_error",
        ),
    ],
)
def test_every_kind_of_error_has_its_status_and_code(
    error: Exception, status: int, code: str, error_type: str
) -> None:
    response = answer(error)
    assert response.status_code == status
    assert response.body["type"] == error_type
    assert [problem["code"] for problem in response.body["errors"]] == [code]
    assert set(response.body["errors"][0]) == {"code", "detail", "attr"}
    assert "secret" not in str(response.body)


@pytest.mark.parametrize(
    "error", [exceptions.NotAuthenticated(), exceptions.AuthenticationFailed()]
)
def test_401_says_how_to_authenticate_even_without_authentication_classes(
    error: Exception,
) -> None:
    assert answer(error)["WWW-Authenticate"] == 'Bearer realm="api"'


def test_extra_members_stand_beside_the_errors() -> None:
    body = answer(Conflict("stale_version", "…", card={"version": 3})).body
    assert body["card"] == {"version": 3}
    assert body["errors"][0]["code"] == "stale_version"


def test_several_problems_are_all_named() -> None:
    error = Invalid.from_problems(
        [Problem("invalid", "…", "entries.0.from_time"), Problem("required", "…", "b")],
        preview=1,
    )
    body = answer(error).body
    assert [problem["attr"] for problem in body["errors"]] == [
        "entries.0.from_time",
        "b",
    ]
    assert body["preview"] == 1


def test_too_many_says_when_to_come_back() -> None:
    assert answer(TooMany("too_many", "…", wait=900))["Retry-After"] == "900"


def test_every_missing_row_gives_the_same_body() -> None:
    bodies = {
        answer(Http404("Employee 1"), pk=OWN_ID).content,
        answer(exceptions.NotFound("Site 2")).content,
        error_views.page_not_found(
            RequestFactory().get("/api/nothing"), Http404()
        ).content,
    }
    assert len(bodies) == 1


@pytest.mark.parametrize("converter", [IdConverter(), MonthConverter()])
def test_a_malformed_id_in_the_path_is_400(converter: Any, noted: list[Any]) -> None:
    response = answer(Http404(), pk=converter.to_python("not-an-id"))
    assert response.status_code == 400
    assert response.body["errors"][0]["code"] == "invalid"
    assert response.body["errors"][0]["attr"] == "id"
    assert noted == []


def test_a_missing_row_is_noted_once_for_each_id(noted: list[Any]) -> None:
    answer(Http404(), pk=IdConverter().to_python(OWN_ID), month="2026-03")
    assert noted == [
        {
            "kind": "unknown_id",
            "model": "businesses.business",
            "field": "id",
            "value": OWN_ID,
        }
    ]


def test_a_value_in_use_names_the_field_and_nobody_else(
    noted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors.UNIQUE_FIELDS, "employees_passport_key", "passport_id")
    response = answer(violation("employees_passport_key"), {"passport_id": "AB123"})
    assert response.status_code == 400
    assert response.body == {
        "type": "validation_error",
        "errors": [
            {
                "code": "already_in_use",
                "detail": "This value is already in use.",
                "attr": "passport_id",
            }
        ],
    }
    assert noted == [
        {
            "kind": "already_in_use",
            "model": "workforce.employee",
            "field": "passport_id",
            "value": "AB123",
        }
    ]


def test_a_broken_rule_is_told_as_its_table_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        errors.CONSTRAINT_ERRORS,
        "months_closed",
        Rule(None, "month_closed", "…", Conflict),
    )
    monkeypatch.setitem(
        errors.CONSTRAINT_ERRORS, "days_break", Rule("break_minutes", "invalid", "…")
    )
    assert answer(violation("months_closed")).status_code == 409
    response = answer(violation("days_break"))
    assert response.status_code == 400
    assert response.body["errors"][0]["attr"] == "break_minutes"


@pytest.mark.parametrize(
    "error",
    [violation("unknown"), IntegrityError("x"), DatabaseError("x"), KeyError("x")],
)
def test_our_own_bugs_are_500_and_say_nothing(error: Exception) -> None:
    response = answer(error)
    assert response.status_code == 500
    assert response.body["type"] == "server_error"
    assert "secret" not in str(response.body)


def test_a_lower_layers_exception_can_be_converted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoScope(RuntimeError):
        pass

    monkeypatch.setitem(
        errors.CONVERTERS, NoScope, lambda error: Denied("act_as_required")
    )
    assert answer(NoScope()).status_code == 403


def test_djangos_validation_errors_name_their_fields() -> None:
    response = answer(
        ValidationError(
            {
                "full_name": ValidationError("Too short: %(n)s", "short", {"n": 1}),
                "email": ValidationError("Already in use", code="unique"),
                "__all__": ["Wrong"],
            }
        )
    )
    assert response.status_code == 400
    assert [(p["code"], p["detail"], p["attr"]) for p in response.body["errors"]] == [
        ("short", "Too short: 1", "full_name"),
        ("already_in_use", "This value is already in use.", "email"),
        ("invalid", "Wrong", None),
    ]


def test_paths_of_nested_errors_use_indexes_and_end_at_what_is_wrong() -> None:
    response = answer(
        exceptions.ValidationError(
            {"entries": {3: {"from_time": ["x"]}, 4: {"non_field_errors": ["y"]}}}
        )
    )
    assert [problem["attr"] for problem in response.body["errors"]] == [
        "entries.3.from_time",
        "entries.4",
    ]


def test_what_utf8_cannot_carry_is_replaced() -> None:
    response = answer(exceptions.ValidationError({"a\ud800": ["\ud800 is no choice"]}))
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (lambda request: error_views.bad_request(request, Exception()), 400),
        (lambda request: error_views.permission_denied(request, Exception()), 403),
        (lambda request: error_views.page_not_found(request, Http404()), 404),
        (error_views.server_error, 500),
    ],
)
def test_django_answers_json_under_api_and_pages_elsewhere(
    handler: Any, status: int
) -> None:
    under_api = handler(RequestFactory().get("/api/x"))
    assert under_api.status_code == status
    assert set(json.loads(under_api.content)) == {"type", "errors"}
    elsewhere = handler(RequestFactory().get("/admin/x"))
    assert elsewhere.status_code == status
    assert elsewhere["Content-Type"].startswith("text/html")


def test_two_transactions_that_meet_are_a_conflict_to_try_again() -> None:
    error = DatabaseError("deadlock detected")
    cause = Exception()
    cause.pgcode = "40P01"
    error.__cause__ = cause
    response = answer(error)
    assert response.status_code == 409
    assert response.body["errors"][0]["code"] == "busy"
