"""Data that version 1 stored outside its own tables still works.

These are queued tasks, sessions, refresh tokens and signed forms. The values are written out here as version 1 wrote
them. For snapshots of exports see `test_migrations_minutes.py`.
"""

import uuid
from datetime import timedelta
from importlib import import_module
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.core import signing
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import SignIn
from accounts.tests.personas import Personas
from businesses.tenancy.context import business_scope
from businesses.tenancy.form_token import form_matches_scope
from exports.services import request_run
from workcards.tests.factories import MONTH, ApprovedDayFactory

# Paths of queued tasks, and today's paths of their functions.
TASK_PATHS = {
    "exports.jobs.make_export": "exports.tasks.make_export",
    "audit.attempts.look_up_attempt": "audit.cross_business.look_up_attempt",
    "workcards.tasks.make_renditions": "workcards.tasks.make_renditions",
}


def queued(path: str, **kwargs: Any) -> Any:
    """Return a queued task as version 1 stored it."""
    return DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": kwargs},
        priority=20,
        task_path=path,
        backend_name="default",
        run_after=timezone.now(),
        exception_class_path="",
        traceback="",
    )


@pytest.mark.parametrize(("path", "today"), TASK_PATHS.items())
@pytest.mark.django_db
def test_the_path_of_a_queued_task_leads_to_its_function(path: str, today: str) -> None:
    assert queued(path).task.module_path == today


@pytest.mark.django_db(transaction=True)
def test_a_queued_export_is_made(acme: Personas) -> None:
    with acme.scope():
        ApprovedDayFactory()
        run = request_run(kind="days_csv", processing_month=MONTH, actor=acme.admin)
    DBTaskResult.objects.all().delete()
    task = queued(
        "exports.jobs.make_export", run_id=str(run.pk), business_id=str(acme.id)
    )
    task.task.call(**task.args_kwargs["kwargs"])
    with acme.scope():
        run.refresh_from_db()
        assert run.status == "DONE"


@pytest.mark.django_db
def test_a_migration_renames_the_paths_of_unfinished_tasks() -> None:
    moved = import_module("automatehq.migrations.0003_task_paths")
    old, new = "exports.jobs.make_export", "exports.tasks.make_export"
    waiting, finished = queued(old), queued(old)
    DBTaskResult.objects.filter(pk=finished.pk).update(finished_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(moved.renamed(old, new))
    paths = dict(DBTaskResult.objects.values_list("pk", "task_path"))
    assert paths == {waiting.pk: new, finished.pk: old}


def test_a_session_stays_signed_in(acme: Personas) -> None:
    client = Client()
    session = client.session
    session["automatehq_evidence"] = {
        "user_id": str(acme.admin.pk),
        "home": str(acme.id),
        "business_id": str(acme.id),
        "acting": None,
        "issued_at": timezone.now().timestamp(),
    }
    session.save()
    client.cookies["sessionid"] = session.session_key
    assert client.get("/admin/").status_code == 200


def test_a_refresh_token_can_be_used_once(acme: Personas) -> None:
    with acme.scope():
        sign_in = SignIn.objects.create(
            user=acme.admin,
            refresh_jti=uuid.uuid4(),
            expires_at=timezone.now() + timedelta(days=7),
        )
    now = timezone.now()
    claims = {
        "token_type": "refresh",
        "exp": int(sign_in.expires_at.timestamp()),
        "iat": int(now.timestamp()),
        "jti": sign_in.refresh_jti.hex,
        "user_id": str(acme.admin.pk),
        "home": str(acme.id),
        "business_id": str(acme.id),
        "sid": str(sign_in.pk),
        "acting": None,
        "issued_at": now.timestamp(),
        "iss": "automatehq",
    }
    body = {"refresh": jwt.encode(claims, settings.JWT_SIGNING_KEY, "HS256")}
    first, second = (
        Client().post("/api/auth/refresh", body, "application/json") for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 401)


def test_the_token_of_an_open_form_is_accepted_in_its_business_only(
    acme: Personas, globex: Personas
) -> None:
    signer = signing.Signer(salt="automatehq.admin.business")
    request = RequestFactory().post("/", {"_business": signer.sign(str(acme.id))})
    for business_id, is_accepted in ((acme.id, True), (globex.id, False)):
        with business_scope(uuid.UUID(str(business_id))):
            assert form_matches_scope(request) is is_accepted
