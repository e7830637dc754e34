"""Requests of Globex to the admin with ids or values of Acme.

The response is that of an unknown id. The crawl in `isolation/` covers ids in the address of every page. The cases
about isolation layers run with all layers on, then with one of the first two off: each layer works without the other.
"""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from audit.services import record
from audit.tests.audit_helpers import shape
from businesses.tenancy.context import business_scope
from businesses.tests.lock_assertions import opened
from workforce.models import Site
from workforce.tests.factories import EmployeeFactory

from .admin_clients import admin_client_for
from .admin_rows import CANARY, name_of, refer, status_and_body, warm
from .api_helpers import statements

OPEN = [(), ("manager",), ("row_security",)]
# The only rows that businesses share.
SHARED = {"workforce.site"}

with_locks = pytest.mark.parametrize(
    "locks", OPEN, ids=lambda locks: "-".join(locks) or "shut"
)


def observe(act: Callable[[], Any], *ids: Any) -> tuple[Any, ...]:
    """Return all observable parts of a response, and the SQL that it took."""
    answers: list[Any] = []
    sql = statements(lambda: answers.append(act()))
    headers = {
        k: v
        for k, v in answers[0].items()
        if k not in ("X-Request-ID", "Expires", "Last-Modified")
    }
    work = [re.sub(r"_django_curs_\w+", "cursor", shape(one)) for one in sql]
    return (*status_and_body(answers[0], *ids), headers.keys(), work)


@pytest.mark.parametrize("model", [m._meta.label_lower for m in admin.site._registry])
@pytest.mark.parametrize("row_id", ["1", "x", "%7Bx%7D", "0" * 32, "_0A"])
def test_what_is_no_id_is_answered_like_a_missing_one(
    globex: Personas, model: str, row_id: str
) -> None:
    client = admin_client_for(globex.admin)
    no_row = reverse(f"{name_of(model)}_change", args=[uuid.uuid4()])
    no_id = f"/admin/{model.replace('.', '/')}/{row_id}/change/"
    missing, malformed = client.get(no_row), client.get(no_id)
    # Both pages contain the address, to return to it after a change of language.
    assert status_and_body(malformed, no_id) == status_and_body(missing, no_row)
    assert malformed.status_code == 404


@with_locks
@pytest.mark.parametrize("model", [m._meta.label_lower for m in admin.site._registry])
def test_no_list_shows_another_businesss_rows(
    globex: Personas, rows_of_acme: dict[str, Any], locks: Any, model: str
) -> None:
    client = admin_client_for(globex.admin)
    with opened(*locks):
        for query in ({}, {"q": CANARY[:-1]}, {"_popup": 1}, {"_to_field": "id"}):
            url = reverse(f"{name_of(model)}_changelist")
            response = client.get(url, query)
            page = response.content.decode()
            assert response.status_code == 200
            assert CANARY not in page, "leaked"
            if model != "workforce.site":
                assert not any(str(row.pk) in page for row in rows_of_acme.values()), (
                    "leaked"
                )


def test_history_shows_nothing_of_another_business(
    acme: Personas, globex: Personas, rows_of_acme: dict[str, Any]
) -> None:
    """Sites are shared, but a business sees only its own events about a site."""
    with acme.scope():
        site = Site.objects.get()
        record("site_updated", entity=site, before={"address": CANARY})
    url = reverse("admin:workforce_site_history", args=[site.pk])
    assert CANARY in admin_client_for(acme.admin).get(url).content.decode()
    assert CANARY not in admin_client_for(globex.admin).get(url).content.decode()


# Actions


@with_locks
@pytest.mark.parametrize(
    ("model", "action"),
    [
        ("workforce.employee", "deactivate"),
        ("workforce.employee", "activate"),
        ("accounts.user", "deactivate"),
    ],
)
def test_an_action_passes_over_foreign_ids_as_over_missing_ones(
    globex: Personas, rows_of_acme: dict[str, Any], locks: Any, model: str, action: str
) -> None:
    client, foreign = warm(admin_client_for(globex.admin)), rows_of_acme[model]
    url = reverse(f"{name_of(model)}_changelist")
    answers = []
    with opened(*locks):
        for row_id in (foreign.pk, uuid.uuid4()):
            body = {"action": action, "_selected_action": [row_id], "index": 0}
            sent = observe(lambda body=body: client.send(url, body))
            answers.append((sent, status_and_body(client.get(url))))
    assert answers[0] == answers[1]
    assert answers[0][0][0] == 302
    with business_scope(foreign.business_id):
        assert type(foreign).objects.get(pk=foreign.pk).is_active


def test_an_action_survives_ids_that_are_none(globex: Personas) -> None:
    client = admin_client_for(globex.admin)
    body = {"action": "deactivate", "_selected_action": ["x", "1 OR 1=1"], "index": 0}
    url = reverse("admin:workforce_employee_changelist")
    assert client.send(url, body).status_code == 302


def test_an_action_does_what_it_can_and_says_what_it_could_not(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    url = reverse("admin:accounts_user_changelist")
    chosen = [acme.admin.pk, acme.viewer.pk]
    body = {"action": "deactivate", "_selected_action": chosen, "index": 0}
    page = client.send(url, body, follow=True).content.decode()
    assert "You can&#x27;t deactivate yourself." in page
    assert "Deactivate: 1 done." in page
    with acme.scope():
        active = set(User.objects.active().values_list("pk", flat=True))
    assert acme.admin.pk in active
    assert acme.viewer.pk not in active


# References


@with_locks
@pytest.mark.parametrize("case", ["assign", "manual card", "settings", "upload"])
def test_a_foreign_id_in_a_form_is_one_that_never_existed(
    globex: Personas,
    rows_of_acme: dict[str, Any],
    rows_of_globex: dict[str, Any],
    locks: Any,
    case: str,
) -> None:
    client = warm(admin_client_for(globex.admin))
    refer(client, case, rows_of_globex, uuid.uuid4())
    answers = []
    with opened(*locks):
        for target in (rows_of_acme["workforce.employee"].pk, uuid.uuid4()):
            answers.append(
                observe(
                    lambda target=target: refer(client, case, rows_of_globex, target),
                    target,
                )
            )
    assert answers[0] == answers[1]
    assert answers[0][0] in (200, 400)
    assert "That choice is not one of the available choices." in answers[0][1]
    assert CANARY not in answers[0][1], "leaked"


@pytest.mark.parametrize("case", ["assign", "manual card", "settings"])
def test_an_own_reference_is_taken(
    globex: Personas, rows_of_globex: dict[str, Any], case: str
) -> None:
    """Control: the forms above are rejected because of the id alone."""
    with globex.scope():
        employee = EmployeeFactory()
    response = refer(admin_client_for(globex.admin), case, rows_of_globex, employee.pk)
    assert response.status_code == 302


@with_locks
def test_autocomplete_finds_ones_own_employees_only(
    acme: Personas, globex: Personas, rows_of_acme: dict[str, Any], locks: Any
) -> None:
    query = {
        "app_label": "workcards",
        "model_name": "workcard",
        "field_name": "employee",
    }
    with globex.scope():
        EmployeeFactory(full_name="Jane")
    client = admin_client_for(globex.admin)
    with opened(*locks):
        found = client.get("/admin/autocomplete/", {**query, "term": ""}).json()
        searched = client.get("/admin/autocomplete/", {**query, "term": CANARY}).json()
    assert [one["text"] for one in found["results"]] == ["Jane"]
    assert searched["results"] == []


@pytest.mark.parametrize(
    "field",
    [
        ("accounts", "user", "business"),
        ("workforce", "site", "steward"),
        ("workcards", "workcard", "uploaded_by"),
        ("workcards", "workcard", "file"),
        ("accounts", "signin", "user"),
    ],
)
def test_autocomplete_answers_no_other_question(
    acme: Personas, globex: Personas, field: tuple[str, str, str]
) -> None:
    """Autocomplete returns no user and no business outside the scope.

    Users with the permission can search both in their lists.
    """
    names = ("app_label", "model_name", "field_name")
    query = dict(zip(names, field, strict=True))
    response = admin_client_for(globex.reviewer).get("/admin/autocomplete/", query)
    assert "Acme" not in response.content.decode()


# Query strings of a list


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("workforce.employee", "employee__id={foreign}"),
        ("workforce.employee", "business={foreign}"),
        ("workforce.employee", "business__business_name=Acme"),
        ("workforce.employee", "site__steward__id={foreign}"),
        ("workforce.employee", "passport_id__startswith=C"),
        ("workforce.site", "steward={foreign}"),
        ("workforce.site", "steward__business_name=Acme"),
        ("workforce.site", "employees__full_name=John"),
        ("workcards.workcard", "employee__id={foreign}"),
        ("workcards.workcard", "employee__passport_id__startswith=C"),
        ("workcards.workcard", "site__id__exact__in={foreign}"),
        ("accounts.user", "password__startswith=argon2"),
        ("accounts.user", "acting_token__isnull=False"),
        ("audit.auditevent", "platform_only__exact=1"),
        ("audit.auditevent", "metadata__contains=x"),
        ("workforce.employee", "is_active__exact=%00"),
    ],
)
def test_a_list_answers_no_question_that_its_filters_do_not_ask(
    acme: Personas,
    globex: Personas,
    rows_of_acme: dict[str, Any],
    model: str,
    query: str,
) -> None:
    client = admin_client_for(globex.admin)
    answers = [
        status_and_body(
            client.get(
                reverse(f"{name_of(model)}_changelist") + "?" + query.format(foreign=pk)
            ),
            pk,
        )
        for pk in (acme.id, uuid.uuid4())
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_a_filter_for_nothing_is_an_empty_list(globex: Personas) -> None:
    client = admin_client_for(globex.admin)
    with globex.scope():
        EmployeeFactory()
    url = reverse("admin:workforce_employee_changelist")
    response = client.get(url, {"site__id__exact": str(uuid.uuid4())})
    assert response.status_code == 200
    assert response.context["cl"].result_count == 0


@pytest.mark.parametrize(
    "query",
    [
        "site__id__exact=x",
        "month=2026-13",
        "p=99",
        "p=-1",
        "o=x.99.-7",
        "review_status__exact=NOPE",
        "q=%00",
        "site__isnull=maybe",
    ],
)
def test_nonsense_in_the_address_of_a_list_is_no_fault(
    globex: Personas, query: str
) -> None:
    url = reverse("admin:workcards_workcard_changelist")
    assert admin_client_for(globex.admin).get(f"{url}?{query}").status_code in (
        200,
        302,
        400,
    )


@pytest.mark.parametrize("field", ["password", "business", "email", "acting_token"])
def test_no_row_is_looked_up_by_another_column(globex: Personas, field: str) -> None:
    client = admin_client_for(globex.admin)
    url = reverse("admin:accounts_user_change", args=[globex.viewer.pk])
    assert client.get(url, {"_to_field": field}).status_code == 400
    listed = reverse("admin:accounts_user_changelist")
    assert client.get(listed, {"_to_field": field}).status_code == 400
