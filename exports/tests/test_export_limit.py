"""Tests of the limit of a business's queued and running exports."""

import threading
from typing import Any

import pytest
from django.db import connections

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from automatehq.api.errors import TooMany
from businesses.tests.waiting import wait_until_blocked
from exports.models import ExportRun
from exports.services import request_run
from workcards.tests.factories import MONTH

URL = "/api/export_runs"
KINDS = ("days_csv", "matrix_xlsx", "summary_xlsx")


def ask(client: Any, kind: str) -> Any:
    return client.post(URL, {"kind": kind, "processing_month": "2026-06"})


def end_all(acme: Personas, status: str) -> None:
    with acme.scope():
        ExportRun.objects.update(status=status)


@pytest.fixture(autouse=True)
def _two_exports(settings: Any) -> None:
    settings.EXPORTS_PER_BUSINESS = 2


def test_a_further_export_is_refused_until_one_is_done(
    acme: Personas, globex: Personas
) -> None:
    client = client_of(acme.reviewer)
    assert [ask(client, kind).status_code for kind in KINDS] == [202, 202, 429]
    end_all(acme, "RUNNING")
    rejected = ask(client, KINDS[2])
    (problem,) = rejected.json()["errors"]
    assert (rejected.status_code, rejected["Retry-After"]) == (429, "60")
    assert problem["code"] == "too_many_jobs"
    assert problem["detail"] == (
        "The limit of 2 queued or running exports of your business is reached. Wait until some are done, then try again."
    )
    assert ask(client_of(globex.reviewer), KINDS[2]).status_code == 202
    end_all(acme, "DONE")
    assert ask(client, KINDS[2]).status_code == 202


def test_the_same_export_is_still_answered_with_its_run(acme: Personas) -> None:
    client = client_of(acme.reviewer)
    first, _ = ask(client, KINDS[0]), ask(client, KINDS[1])
    again = ask(client, KINDS[0])
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


def test_two_requests_at_once_do_not_pass_the_limit(
    transactional_db: None, acme: Personas
) -> None:
    outcomes: list[Any] = []

    def request(kind: str) -> Any:
        with acme.scope():
            return request_run(actor=acme.admin, kind=kind, processing_month=MONTH)

    def request_meanwhile() -> None:
        try:
            outcomes.append(request(KINDS[2]))
        except TooMany as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    request(KINDS[0])
    thread = threading.Thread(target=request_meanwhile)
    with acme.scope():
        request_run(actor=acme.admin, kind=KINDS[1], processing_month=MONTH)
        thread.start()
        wait_until_blocked()
    thread.join(timeout=20)
    assert outcomes == ["too_many_jobs"]
