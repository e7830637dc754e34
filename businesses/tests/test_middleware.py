"""Tests of the middleware: scope, rollback after an error, and work after the scope."""

import io
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import User
from accounts.tests.api_clients import token_of
from accounts.tests.personas import Personas
from businesses.tenancy.context import try_get_scope
from businesses.tenancy.middleware import (
    TenancyMiddleware,
    commit_on_error,
    on_scope_exit,
)
from workforce.models import Employee

from .scope_probe import NOWHERE, State, on_platform, state, within

pytestmark = pytest.mark.django_db

JSON = "application/json"


class Body(io.BytesIO):
    """A request body that records the scopes in which it was read.

    Reading inside a scope would hold a transaction open.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.read_in: set[State] = set()

    def read(self, *args: Any) -> bytes:
        self.read_in.add(state())
        return super().read(*args)


def make_request(
    token: str | None = None,
    path: str = "/api/employees",
    method: str = "GET",
    **extra: Any,
) -> HttpRequest:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    request: HttpRequest = RequestFactory().generic(method, path, **headers, **extra)
    return request


def where(request: HttpRequest) -> tuple[State, Any]:
    """Return the scope in which a view for `request` runs, and the request's business."""
    seen: list[Any] = []

    def view(request: Any) -> HttpResponse:
        seen.append((state(), request.business_id))
        return HttpResponse()

    TenancyMiddleware(view)(request)
    assert state() == NOWHERE
    (found,) = seen
    return found


def test_a_request_runs_in_the_scope_that_its_bearer_may_have(
    acme: Personas, super_admin: User
) -> None:
    assert where(make_request(token_of(acme.viewer))) == (within(acme), acme.id)
    assert where(make_request(token_of(super_admin))) == (on_platform(), None)
    acting = token_of(super_admin, acting_for=acme.business)
    assert where(make_request(acting)) == (within(acme), acme.id)


def test_without_evidence_there_is_no_scope(acme: Personas) -> None:
    assert where(make_request()) == (NOWHERE, None)
    assert where(make_request("nonsense")) == (NOWHERE, None)
    assert where(make_request(token_of(acme.admin), path="/static/x.css")) == (
        NOWHERE,
        None,
    )


@pytest.mark.parametrize("path", settings.TENANCY_UNSCOPED_PATHS)
def test_these_paths_take_no_evidence(path: str, acme: Personas) -> None:
    assert where(make_request(token_of(acme.admin), path=path)) == (NOWHERE, None)


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [(200, True), (302, True), (399, True), (400, False), (404, False), (500, False)],
)
def test_what_a_refused_request_wrote_is_gone(
    status: int, is_kept: bool, acme: Personas
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        Employee.objects.create(full_name="New")
        return HttpResponse(status=status)

    response = TenancyMiddleware(view)(make_request(token_of(acme.admin)))
    assert response.status_code == status
    with acme.scope():
        assert Employee.objects.filter(full_name="New").exists() is is_kept


def test_a_refused_request_keeps_what_it_asks_to_keep(acme: Personas) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        Employee.objects.create(full_name="New")
        commit_on_error(request)
        return HttpResponse(status=400)

    TenancyMiddleware(view)(make_request(token_of(acme.admin)))
    with acme.scope():
        assert Employee.objects.filter(full_name="New").exists()


@pytest.mark.parametrize("status", [200, 400])
def test_callbacks_run_after_the_scope_whatever_became_of_it(
    status: int, acme: Personas
) -> None:
    ran: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        on_scope_exit(lambda: ran.append(("first", state())))
        on_scope_exit(lambda: ran.append(("second", state())))
        ran.append(("view", state()))
        return HttpResponse(status=status)

    TenancyMiddleware(view)(make_request(token_of(acme.admin)))
    assert ran == [("view", within(acme)), ("first", NOWHERE), ("second", NOWHERE)]


def test_callbacks_run_at_once_where_no_request_has_a_scope(acme: Personas) -> None:
    ran: list[State] = []
    on_scope_exit(lambda: ran.append(state()))
    assert ran == [NOWHERE]

    def fail(request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TenancyMiddleware(fail)(make_request(token_of(acme.admin)))
    # A failed request leaves no callback behind.
    on_scope_exit(lambda: ran.append(state()))
    assert ran == [NOWHERE, NOWHERE]


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nscan\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("method", "content_type", "content"),
    [
        ("POST", JSON, b"{}"),
        ("PUT", JSON, b"{}"),
        ("PATCH", JSON, b"{}"),
        ("DELETE", JSON, b"{}"),
        ("POST", "multipart/form-data; boundary=x", FORM),
        # Django parses such forms for POST only and leaves these bodies unread.
        ("PUT", "multipart/form-data; boundary=x", FORM),
    ],
)
def test_a_body_is_taken_in_before_the_scope_is_opened(
    method: str, content_type: str, content: bytes, acme: Personas
) -> None:
    body = Body(content)
    seen: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        is_form = method == "POST" and content_type != JSON
        seen.append(request.FILES["files"].read() if is_form else request.body)
        return HttpResponse()

    request = make_request(token_of(acme.admin), method=method)
    request.META |= {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(content))}
    fresh = type(request)({**request.META, "wsgi.input": body})
    TenancyMiddleware(view)(fresh)
    assert body.read_in == {NOWHERE}
    assert seen == [b"scan" if method == "POST" and content_type != JSON else content]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_question_has_no_body_to_wait_for(method: str, acme: Personas) -> None:
    body = Body(b"{}")
    request = make_request(token_of(acme.admin), method=method)
    environ = {**request.META, "CONTENT_LENGTH": "2", "wsgi.input": body}
    TenancyMiddleware(lambda request: HttpResponse())(type(request)(environ))
    assert body.read_in == set()
    assert try_get_scope() is None
