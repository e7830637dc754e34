"""Tests of import and export in the admin: upload, preview, apply and deletion of the file."""

import re
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory

from .import_files import HEADER, as_csv, as_xlsx

pytestmark = pytest.mark.django_db

LIST = reverse("admin:workforce_employee_changelist")
IMPORT = reverse("admin:workforce_employee_import")
NEW = ("X12345", "9", "New One", "Harbour")


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.reviewer)


def look(client: AdminClient, data: bytes) -> Any:
    return client.send(IMPORT, {"file": SimpleUploadedFile("people.csv", data)})


def ticket_of(page: Any) -> str:
    match = re.search(r'name="ticket" value="([^"]+)"', page.content.decode())
    assert match
    return match[1]


def waiting(acme: Personas, user: User) -> list[str]:
    folder = f"businesses/{acme.id}/imports/{user.pk}"
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []


def counts(page: Any) -> dict[str, int]:
    """Return the number of rows by action, as the preview shows it."""
    return {
        action: int(count)
        for action, count in re.findall(
            r'data-show="(\w+)".*?</svg>\s*(\d+)\s', page.content.decode(), re.DOTALL
        )
    }


def names(acme: Personas) -> set[str]:
    with acme.scope():
        return set(Employee.objects.values_list("full_name", flat=True))


def test_a_file_is_shown_then_imported_and_then_gone(
    acme: Personas,
    client: AdminClient,
    site: Site,
    john: Employee,
    django_capture_on_commit_callbacks: Any,
) -> None:
    data = as_csv(HEADER, ("AB123456", "", "Johnny", ""), NEW)
    page = look(client, data)
    text = page.content.decode()
    assert page.status_code == 200
    assert "<del><bdi>John Example</bdi></del>" in text
    assert "<ins><bdi>Johnny</bdi></ins>" in text
    assert counts(page) == {"create": 1, "update": 1, "unchanged": 0, "error": 0}
    assert 'value="Import 2 rows"' in text
    assert names(acme) == {"John Example"}
    assert len(waiting(acme, acme.reviewer)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        done = client.send(IMPORT, {"ticket": ticket_of(page)}, follow=True)
    assert "1 new, 1 changed, 0 unchanged." in done.content.decode()
    assert names(acme) == {"Johnny", "New One"}
    assert waiting(acme, acme.reviewer) == []
    again = client.send(IMPORT, {"ticket": ticket_of(page)})
    assert again.status_code == 409
    assert "already imported" in again.content.decode()


def test_rows_with_errors_are_left_out_only_if_somebody_says_so(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    page = look(client, as_csv(HEADER, ("", "", "No Key", ""), NEW))
    ticket = ticket_of(page)
    rejected = client.send(IMPORT, {"ticket": ticket})
    assert rejected.status_code == 400
    assert "1 rows have errors" in rejected.content.decode()
    assert names(acme) == set()
    done = client.send(
        IMPORT, {"ticket": ticket, "skip_errors": "on"}, follow=True
    ).content.decode()
    assert "1 rows with errors were skipped." in done
    assert names(acme) == {"New One"}


def test_what_has_changed_since_is_shown_again(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    page = look(client, as_csv(HEADER, NEW))
    with acme.scope():
        EmployeeFactory(passport_id="X12345", external_employee_id="9", site=site)
    stale = client.send(IMPORT, {"ticket": ticket_of(page)})
    assert stale.status_code == 409
    assert counts(stale)["create"] == 0
    assert counts(stale)["update"] == 1
    client.send(IMPORT, {"ticket": ticket_of(stale)})
    assert names(acme) == {"New One"}


def test_a_ticket_is_good_for_whoever_was_given_it_in_their_business(
    acme: Personas, globex: Personas, client: AdminClient, site: Site
) -> None:
    ticket = ticket_of(look(client, as_csv(HEADER, NEW)))
    for thief in (admin_client_for(acme.admin), admin_client_for(globex.reviewer)):
        assert thief.send(IMPORT, {"ticket": ticket}).status_code == 409
    for forged in ("", ticket[:-1], f"{ticket}x", "../../etc/passwd"):
        assert client.send(IMPORT, {"ticket": forged}).status_code == 409
    assert names(acme) == names(globex) == set()


def test_who_looks_at_very_many_files_leaves_few_lying(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    first, *_, last = [
        look(client, as_csv(HEADER, (f"X{n:05}", "", "New", ""))) for n in range(7)
    ]
    assert len(waiting(acme, acme.reviewer)) == 5
    assert client.send(IMPORT, {"ticket": ticket_of(first)}).status_code == 409
    assert client.send(IMPORT, {"ticket": ticket_of(last)}).status_code == 302
    with acme.scope():
        assert Employee.objects.get().passport_id == "X00006"


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"A,B\n1"])
def test_what_can_not_be_read_is_said_beside_the_file(
    client: AdminClient, acme: Personas, data: bytes
) -> None:
    page = look(client, data)
    assert page.status_code == 400
    assert page.context["form"].errors["file"]
    assert waiting(acme, acme.reviewer) == []


@pytest.mark.parametrize("person", ["uploader", "viewer"])
def test_who_may_not_manage_employees_imports_none(acme: Personas, person: str) -> None:
    client = admin_client_for(acme.user(person))
    assert client.get(IMPORT).status_code == 403
    assert look(client, as_csv(HEADER, NEW)).status_code == 403
    assert IMPORT not in client.get(LIST).content.decode()


def test_a_super_admin_imports_while_acting_only(
    acme: Personas, super_admin: User, site: Site
) -> None:
    platform = admin_client_for(super_admin)
    assert platform.get(IMPORT).status_code == 403
    acting = admin_client_for(super_admin, acting_for=acme.business)
    assert acting.get(IMPORT).status_code == 200
    acting.send(IMPORT, {"ticket": ticket_of(look(acting, as_csv(HEADER, NEW)))})
    (event,) = events(acme.id, "employees_imported")
    assert event.cross_business
    assert event.metadata["channel"] == "admin"


def test_a_form_of_another_business_is_refused(
    acme: Personas, globex: Personas, client: AdminClient
) -> None:
    client.business_id = globex.id
    assert look(client, as_csv(HEADER, NEW)).status_code == 409


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_is_exported_as_it_is_filtered(
    acme: Personas, globex: Personas, kind: str, john: Employee
) -> None:
    with acme.scope():
        EmployeeFactory(full_name="Gone Example", is_active=False)
    with globex.scope():
        EmployeeFactory(full_name="Foreign Example")
    client = admin_client_for(acme.viewer)
    page = client.get(LIST, {"is_active__exact": "1"}).content.decode()
    match = re.search(rf'href="([^"]+)"\s+class="export-{kind}"', page)
    assert match
    data = client.get(match[1]).content
    if kind == "csv":
        text = data.decode("utf-8-sig")
        assert "John Example" in text
        assert "Gone" not in text
        assert "Foreign" not in text
    shown = counts(look(admin_client_for(acme.admin), data))
    assert shown == {"create": 0, "update": 0, "unchanged": 1, "error": 0}


def test_on_the_platform_one_business_is_exported_at_a_time(
    acme: Personas, globex: Personas, super_admin: User, john: Employee
) -> None:
    client = admin_client_for(super_admin)
    url = reverse("admin:workforce_employee_export_csv")
    with globex.scope():
        EmployeeFactory(full_name="Other Example")
    assert client.get(url).status_code == 400
    text = client.get(url, {"business": str(acme.id)}).content.decode()
    assert "John Example" in text
    assert "Other Example" not in text


@pytest.mark.parametrize(
    "query",
    ["is_active__exact=maybe", "nonsense=1", "p=x", "business=x", "site__id__exact=x"],
)
def test_a_filter_that_is_none_is_an_answer_and_no_fault(
    acme: Personas, super_admin: User, query: str
) -> None:
    url = reverse("admin:workforce_employee_export_csv")
    for person in (acme.admin, super_admin):
        assert admin_client_for(person).get(f"{url}?{query}").status_code in (200, 400)


def test_a_workbook_is_shown_too(client: AdminClient, site: Site) -> None:
    page = look(client, as_xlsx(HEADER, NEW, ("Y12345", 7, "<b>Bold</b>", "")))
    text = page.content.decode()
    assert "2 new" in text
    assert "<b>Bold" not in text
