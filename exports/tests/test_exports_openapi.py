"""Tests that responses of /api/export_profiles and /api/export_runs conform to the OpenAPI document."""

import uuid
from typing import Any

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.openapi_conformance import complaints, document

from .factories import ExportProfileFactory

PROFILES, PROFILE = "/api/export_profiles", "/api/export_profiles/{id}"
RUNS, RUN = "/api/export_runs", "/api/export_runs/{id}"
NEW = {"name": "Office", "components": {"hours": "100"}}
PAYROLL = {"kind": "payroll_csv", "processing_month": "2026-06"}


def test_answers_are_documented(acme: Personas) -> None:
    with acme.scope():
        profile_id = str(ExportProfileFactory().pk)
    client = client_of(acme.admin)
    payroll = {**PAYROLL, "profile_id": profile_id}
    run_id = client.post(RUNS, payroll).json()["id"]
    requests: list[tuple[str, str, str, dict[str, Any] | None]] = [
        ("get", PROFILES, PROFILES, None),
        ("get", PROFILES, f"{PROFILES}?color=red", None),
        ("post", PROFILES, PROFILES, NEW),
        ("post", PROFILES, PROFILES, NEW),
        ("post", PROFILES, PROFILES, {"name": "Empty"}),
        ("get", PROFILE, f"{PROFILES}/{profile_id}", None),
        ("get", PROFILE, f"{PROFILES}/{uuid.uuid4()}", None),
        ("put", PROFILE, f"{PROFILES}/{profile_id}", {**NEW, "name": "Other"}),
        ("patch", PROFILE, f"{PROFILES}/{profile_id}", {"delimiter": "\t"}),
        ("patch", PROFILE, f"{PROFILES}/{profile_id}", {"delimiter": "x"}),
        ("delete", PROFILE, f"{PROFILES}/{profile_id}", None),
        ("post", RUNS, RUNS, PAYROLL),
        ("post", RUNS, RUNS, {**PAYROLL, "kind": "matrix_xlsx"}),
        ("get", RUNS, RUNS, None),
        ("get", RUN, f"{RUNS}/{run_id}", None),
        ("get", f"{RUN}/file", f"{RUNS}/{run_id}/file", None),
    ]
    wrong: list[str] = []
    for method, path, url, body in requests:
        wrong += complaints(path, method, getattr(client, method)(url, body))
    assert wrong == []


def test_bodies_have_examples() -> None:
    for path, method in ((PROFILES, "post"), (PROFILE, "put"), (RUNS, "post")):
        body = document()["paths"][path][method]["requestBody"]["content"]
        assert body["application/json"]["examples"]
