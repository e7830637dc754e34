"""Tests of the API of exports."""

import uuid

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from accounts.tests.api_clients import client_of
from exports.models import ExportRun
from workcards.tests.factories import MONTH
from workforce.tests.factories import SiteFactory

from .month_fixtures import EIGHT, employee_at, post_day, site_named

URL = "/api/export_runs"
pytestmark = pytest.mark.django_db


def error(response):
    (problem,) = response.json()["errors"]
    return response.status_code, problem["code"], problem["attr"]


def work():
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)


@pytest.fixture
def site(acme):
    with acme.scope():
        site = site_named("North")
        post_day(employee_at(site, "Zoe"), 1, **EIGHT)
        return site


def ask(client, **body):
    return client.post(URL, {"kind": "days_csv", "processing_month": "2026-06", **body})


def test_ask_wait_and_download(acme, site, transactional_db):
    client = client_of(acme.reviewer)
    requested = ask(client, site_id=str(site.pk))
    assert requested.status_code == 202
    run = requested.json()
    assert (run["status"], run["file_url"], run["row_count"]) == ("QUEUED", None, None)
    assert run["site"] == {"id": str(site.pk), "name": "North"}
    assert run["exported_by"]["name"] == "Acme Reviewer"
    work()
    run = client.get(f"{URL}/{run['id']}").json()
    assert (run["status"], run["progress"], run["row_count"]) == ("DONE", 100, 1)
    file = client.get(run["file_url"])
    assert file.status_code == 200
    assert file["Content-Type"] == "text/csv"
    assert (
        file["Content-Disposition"] == 'attachment; filename="days-2026-06-North.csv"'
    )
    assert file["X-Content-Type-Options"] == "nosniff"
    assert "private" in file["Cache-Control"]
    assert b"Zoe" in file.content
    same = client.get(run["file_url"], headers={"If-None-Match": file["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_the_month_may_be_any_date_in_it(acme):
    run = ask(client_of(acme.admin), processing_month="2026-06-17").json()
    assert run["processing_month"] == "2026-06"


def test_a_draft_says_so_in_its_name(acme):
    run = ask(client_of(acme.admin), include_unapproved=True).json()
    assert run["is_draft"] is True
    assert run["generated_file_name"] == "days-2026-06-DRAFT.csv"


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"kind": "nothing"}, "invalid_choice", "kind"),
        ({"processing_month": "June"}, "invalid", "processing_month"),
        ({"site_id": str(uuid.uuid4())}, "does_not_exist", "site_id"),
        ({"site_id": "x"}, "invalid", "site_id"),
        ({"business_id": str(uuid.uuid4())}, "unknown_field", "business_id"),
        ({"exported_by": "me"}, "unknown_field", "exported_by"),
        ({"include_unapproved": "perhaps"}, "invalid", "include_unapproved"),
    ],
)
def test_a_wrong_request_names_its_field(acme, body, code, attr):
    assert error(ask(client_of(acme.admin), **body)) == (400, code, attr)


def test_a_file_is_not_there_before_the_run_is_done(acme):
    client = client_of(acme.admin)
    run = ask(client).json()
    assert error(client.get(f"{URL}/{run['id']}/file")) == (409, "not_done", None)


def test_a_file_lost_from_storage_says_so(acme, site, transactional_db):
    client = client_of(acme.admin)
    run = ask(client).json()
    work()
    with acme.scope():
        default_storage.delete(ExportRun.objects.get(pk=run["id"]).file)
    assert error(client.get(f"{URL}/{run['id']}/file")) == (404, "file_missing", None)


def test_another_businesss_run_is_one_that_never_existed(acme, globex, site):
    run_id = ask(client_of(acme.admin)).json()["id"]
    thief = client_of(globex.admin)
    for suffix in ("", "/file"):
        foreign = thief.get(f"{URL}/{run_id}{suffix}")
        missing = thief.get(f"{URL}/{uuid.uuid4()}{suffix}")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
    assert thief.get(URL).json()["results"] == []
    assert thief.get(URL, {"exported_by": str(acme.admin.pk)}).json()["count"] == 0
    assert thief.get(URL, {"business_id": str(acme.id)}).json()["count"] == 0


def test_filters_and_order(acme):
    client = client_of(acme.admin)
    with acme.scope():
        other = SiteFactory()
    first = ask(client).json()["id"]
    second = ask(client, site_id=str(other.pk), processing_month="2026-05").json()["id"]

    def ids(**query):
        return [run["id"] for run in client.get(URL, query).json()["results"]]

    assert ids() == [second, first]
    assert ids(month="2026-06") == [first]
    assert ids(site_id=str(other.pk)) == [second]
    assert ids(status="DONE") == []
    assert ids(exported_by=str(acme.admin.pk)) == [second, first]
    assert error(client.get(URL, {"colour": "red"})) == (
        400,
        "unknown_parameter",
        "colour",
    )


@pytest.mark.parametrize(
    ("role", "may_see", "may_ask"),
    [
        ("ADMIN", True, True),
        ("REVIEWER", True, True),
        ("UPLOADER", False, False),
        ("VIEWER", True, False),
    ],
)
def test_roles(acme, role, may_see, may_ask):
    client = client_of(acme.user(role))
    assert client.get(URL).status_code == (200 if may_see else 403)
    assert ask(client).status_code == (202 if may_ask else 403)


def test_a_super_admin_sees_all_and_asks_only_when_acting(acme, globex, super_admin):
    ask(client_of(acme.admin))
    ask(client_of(globex.admin))
    client = client_of(super_admin)
    assert client.get(URL).json()["count"] == 2
    assert client.get(URL, {"business_id": str(acme.id)}).json()["count"] == 1
    assert error(ask(client)) == (403, "act_as_required", None)
    acting = client_of(super_admin, acting_for=acme.business)
    run = ask(acting, processing_month=f"{MONTH.replace(month=4):%Y-%m}")
    assert run.status_code == 202
    assert run.json()["business_id"] == str(acme.id)
    assert acting.get(f"{URL}/{run.json()['id']}").json()["exported_by"]["name"] == (
        "Super Admin"
    )


def test_a_list_costs_the_same_for_one_run_and_for_fifty(
    acme, transactional_db, django_assert_num_queries
):
    """The queries are BEGIN, scope, user, count, page, COMMIT. Commits are real, so no savepoint of the test counts."""
    client = client_of(acme.admin)
    with acme.scope():
        site = SiteFactory()
    for number in (1, 50):
        with acme.scope():
            while ExportRun.objects.count() < number:
                ExportRun.objects.create(
                    kind="days_csv",
                    processing_month=MONTH,
                    site=site,
                    exported_by=acme.admin,
                    exported_by_name="A. User",
                )
        with django_assert_num_queries(6):
            assert len(client.get(URL).json()["results"]) == number
