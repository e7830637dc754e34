"""Tests of work that runs before a request's transaction."""

import threading
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation

from accounts.tests.api_clients import token_of
from accounts.tests.personas import Personas
from businesses.tenancy.context import try_get_scope
from businesses.tenancy.middleware import TenancyMiddleware, on_scope_exit
from businesses.tenancy.pre_transaction import before_scope
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .scope_probe import NOWHERE, state, within

pytestmark = pytest.mark.django_db


def make_request(business: Personas) -> HttpRequest:
    headers: dict[str, Any] = {
        "HTTP_AUTHORIZATION": f"Bearer {token_of(business.reviewer)}"
    }
    return RequestFactory().post("/api/employees", **headers)


@pytest.mark.django_db(transaction=True)
def test_work_runs_in_no_scope_and_no_transaction(acme: Personas) -> None:
    seen: list[Any] = []

    def work(_held: ExitStack) -> str:
        seen.append((state(), connection.in_atomic_block, translation.get_language()))
        return "read"

    def view(_request: HttpRequest) -> HttpResponse:
        with translation.override("he"):
            return HttpResponse(before_scope(work))

    response = TenancyMiddleware(view)(make_request(acme))
    assert response.content == b"read"
    assert seen == [(NOWHERE, False, "he")]


def test_the_view_begins_again_in_its_scope_and_keeps_one_effect(
    acme: Personas,
) -> None:
    passes: list[Any] = []
    after: list[str] = []

    def view(_request: HttpRequest) -> HttpResponse:
        passes.append(state())
        EmployeeFactory(full_name="Dana Example")
        on_scope_exit(lambda: after.append("after"))
        first = before_scope(lambda _held: 1)
        second = before_scope(lambda _held: 2)
        return HttpResponse(f"{first} {second}")

    assert TenancyMiddleware(view)(make_request(acme)).content == b"1 2"
    assert passes == [within(acme)] * 3
    assert after == ["after"]
    with acme.scope():
        assert Employee.objects.count() == 1
    assert try_get_scope() is None


def test_what_the_work_raises_is_raised_in_the_scope(acme: Personas) -> None:
    def work(_held: ExitStack) -> None:
        raise LookupError("nothing there")

    def view(_request: HttpRequest) -> HttpResponse:
        with pytest.raises(LookupError, match="nothing there"):
            before_scope(work)
        return HttpResponse(repr(state() == within(acme)))

    assert TenancyMiddleware(view)(make_request(acme)).content == b"True"


def test_what_the_work_holds_is_held_until_the_answer(acme: Personas) -> None:
    held_by: list[str] = []

    def work(held: ExitStack) -> None:
        held_by.append("request")
        held.callback(held_by.clear)

    def view(_request: HttpRequest) -> HttpResponse:
        before_scope(work)
        return HttpResponse(",".join(held_by))

    assert TenancyMiddleware(view)(make_request(acme)).content == b"request"
    assert held_by == []


def test_without_a_request_work_runs_at_once(acme: Personas) -> None:
    with acme.scope():
        assert before_scope(lambda _held: state()) == within(acme)


def test_another_thread_has_no_part_in_a_requests_work(acme: Personas) -> None:
    found: list[int] = []

    def view(_request: HttpRequest) -> HttpResponse:
        thread = threading.Thread(
            target=lambda: found.append(before_scope(lambda _held: 7))
        )
        thread.start()
        thread.join()
        return HttpResponse()

    TenancyMiddleware(view)(make_request(acme))
    assert found == [7]
