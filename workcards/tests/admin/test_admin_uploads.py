"""The upload page: its presets, and its responses to the script that uploads."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.tenancy.form_token import FORM_BUSINESS_FIELD
from tests.admin_clients import AdminClient, admin_client_for, seal_of
from tests.api_helpers import queries
from workcards.models import WorkCard
from workcards.services import uploads
from workcards.tests.factories import ClosedMonthFactory, picture
from workcards.tests.scan_samples import pages
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory, SiteSettingsFactory

from .review_pages import UPLOAD, scan, url_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def send(client: AdminClient, *files: Any, **fields: Any) -> Any:
    """POST files as the page's script does."""
    body = {"files": list(files), "month": "2026-06", **fields}
    return client.send(UPLOAD, body, headers={"accept": "application/json"})


def cards_of(business: Personas) -> int:
    with business.scope():
        return WorkCard.objects.count()


def test_each_file_is_told_by_its_place(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    first = send(client, scan("first.png"), site=site.pk)
    assert first.status_code == 200
    with acme.scope():
        (card,) = WorkCard.objects.all()
    two_pages = SimpleUploadedFile("two.tif", pages(2, "TIFF"))
    files = [
        scan("bad.svg", SVG),
        two_pages,
        scan("again.png"),
        scan("new.png", picture(7)),
    ]
    file_results = send(client, *files, site=site.pk).json()["files"]
    assert [file["index"] for file in file_results] == [0, 1, 2, 3]
    assert [file["result"] for file in file_results] == [
        "refused",
        "stored",
        "duplicate",
        "stored",
    ]
    assert file_results[0]["code"] == "markup_file"
    assert "SVG" in file_results[0]["text"]
    assert [len(file["cards"]) for file in file_results] == [0, 2, 1, 1]
    assert file_results[1]["cards"][0]["needs_assignment"] is True
    assert file_results[2]["cards"][0]["url"] == url_of(card)
    assert (
        file_results[2]["text"]
        == "Same file as first.png (June 2026, not assigned yet)"
    )


def delete_of(client: AdminClient, card: WorkCard) -> None:
    response = client.send(url_of(card, "delete"), {"post": "yes"})
    assert response.status_code == 302


def test_of_two_equal_files_the_first_named_is_the_card(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    answer = send(client, scan("b.png"), scan("a.png"), site=site.pk, month="2026-06")
    first, second = answer.json()["files"]
    assert (first["result"], second["result"]) == ("stored", "duplicate")
    assert second["text"] == "Same file as b.png (June 2026, not assigned yet)"
    assert second["cards"][0]["url"] == first["cards"][0]["url"]


def test_the_deleted_page_of_a_file_is_told_beside_its_other_pages(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    data = pages(3, "PDF")

    def file_results() -> Any:
        document = SimpleUploadedFile("three.pdf", data, "application/pdf")
        (file,) = send(client, document, site=site.pk).json()["files"]
        return file

    assert len(file_results()["cards"]) == 3
    with acme.scope():
        second = WorkCard.objects.get(source_page_number=2)
    delete_of(client, second)
    file = file_results()
    assert (file["result"], len(file["cards"])) == ("stored", 1)
    assert file["text"] == "Only deleted pages. The others are already uploaded."
    assert file_results()["result"] == "duplicate"


def test_a_duplicate_is_taken_in_again_by_itself(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    for more, result in (
        ({}, "stored"),
        ({}, "duplicate"),
        ({"allow_duplicate": "on"}, "stored"),
    ):
        (file_results,) = send(client, scan(), site=site.pk, **more).json()["files"]
        assert file_results["result"] == result
    assert cards_of(acme) == 2


def test_files_of_which_none_can_be_read_are_a_refusal(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    answer = send(client, scan("bad.svg", SVG), site=site.pk)
    assert answer.status_code == 400
    assert answer.json()["files"][0]["result"] == "refused"
    assert cards_of(acme) == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"site": ""}, "site"),
        ({"month": "2026-13"}, "month"),
        ({"site": uuid.UUID(int=7)}, "site"),
        ({"employee": uuid.UUID(int=7)}, "employee"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    acme: Personas, client: AdminClient, site: Site, fields: Any, field: str
) -> None:
    answer = send(client, scan(), **{"site": site.pk, **fields})
    assert answer.status_code == 400
    assert [*answer.json()["fields"]] == [field]
    assert cards_of(acme) == 0


def test_a_closed_month_and_a_site_that_is_hidden_are_told_in_their_places(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    with acme.scope():
        ClosedMonthFactory()
        hidden = SiteFactory()
        SiteSettingsFactory(site=hidden, is_hidden=True)
    closed = send(client, scan(), site=site.pk)
    assert closed.status_code == 409
    assert closed.json()["fields"]["month"][0]["code"] == "month_closed"
    unseen = send(client, scan(), site=hidden.pk, month="2026-07")
    assert unseen.status_code == 400
    assert [*unseen.json()["fields"]] == ["site"]
    assert cards_of(acme) == 0


def test_another_businesss_employee_is_one_that_never_existed(
    acme: Personas, globex: Personas, site: Site
) -> None:
    with acme.scope():
        foreign = EmployeeFactory(site=site)
    thief = admin_client_for(globex.admin)
    answers = [
        send(thief, scan(), site=site.pk, employee=employee)
        for employee in (foreign.pk, uuid.uuid4())
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[0].status_code == answers[1].status_code == 400
    assert cards_of(globex) == cards_of(acme) == 0


def test_another_businesss_scan_is_no_duplicate(
    acme: Personas, globex: Personas, client: AdminClient, site: Site
) -> None:
    send(client, scan(), site=site.pk)
    (file_results,) = send(admin_client_for(globex.admin), scan(), site=site.pk).json()[
        "files"
    ]
    assert file_results["result"] == "stored"


def test_what_was_drawn_for_another_business_is_not_taken_in(
    acme: Personas, globex: Personas, client: AdminClient, site: Site
) -> None:
    other = {FORM_BUSINESS_FIELD: seal_of(globex.id)}
    assert send(client, scan(), site=site.pk, **other).status_code == 409
    assert (
        send(client, scan(), site=site.pk, **{FORM_BUSINESS_FIELD: ""}).status_code
        == 409
    )
    assert cards_of(acme) == cards_of(globex) == 0


def test_the_script_needs_the_token_of_its_page(acme: Personas, site: Site) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client_for(acme.reviewer).cookies
    body = {"files": [scan()], "site": site.pk, FORM_BUSINESS_FIELD: seal_of(acme.id)}
    answer = strict.post(UPLOAD, body, headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert cards_of(acme) == 0


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("reviewer", 200), ("uploader", 200), ("viewer", 403)],
)
def test_who_may_upload(acme: Personas, site: Site, role: str, status: int) -> None:
    person = admin_client_for(getattr(acme, role))
    assert person.get(UPLOAD).status_code == status
    assert send(person, scan(), site=site.pk).status_code == status


def test_nobody_uploads_on_the_platform(super_admin: User, site: Site) -> None:
    assert send(admin_client_for(super_admin), scan(), site=site.pk).status_code == 403


def test_too_many_uploads_at_once_are_told_to_wait(
    acme: Personas, client: AdminClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_place = replace(uploads.LIMITS, person=0)
    monkeypatch.setattr(uploads, "LIMITS", no_place)
    answer = send(client, scan(), site=site.pk)
    assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert cards_of(acme) == 0


# The page


def test_the_site_of_the_last_upload_is_chosen_already(
    acme: Personas, client: AdminClient, john: Employee
) -> None:
    with acme.scope():
        other = SiteFactory()
    for site in (other, john.site):
        send(client, scan(content=picture(len(str(site)))), site=site.pk)
        form = client.get(UPLOAD).context["form"]
        assert form.initial["site"] == site.pk
    page = client.get(UPLOAD, {"site": other.pk, "month": "2026-02"}).content.decode()
    assert f'<option value="{other.pk}" selected>' in page
    assert 'value="2026-02"' in page
    # Uploads of other users preset nothing.
    assert (
        admin_client_for(acme.admin).get(UPLOAD).context["form"].initial["site"] is None
    )


@pytest.mark.parametrize("query", ["site=x&month=y", "site=%00&month=%00", "site="])
def test_a_strange_address_presets_nothing(client: AdminClient, query: str) -> None:
    assert client.get(f"{UPLOAD}?{query}").status_code == 200


def test_the_page_asks_little(client: AdminClient, site: Site) -> None:
    client.get(UPLOAD)
    assert queries(lambda: client.get(UPLOAD)) <= 8
