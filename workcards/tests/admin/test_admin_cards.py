"""Cards in the admin: upload, scan, assignment, moves, manual cards, deletion."""

import datetime as dt
import io
import re
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from PIL import Image

from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events
from workcards.models import WorkCard
from workcards.services import approve_card
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory, picture
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .review_pages import UPLOAD, fresh, scan, upload, url_of

# Upload


def test_scans_are_taken_in_and_each_file_is_told_what_became_of_it(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    first = upload(client, scan("first.png"), site=site.pk, month="2026-06")
    assert first.status_code == 200
    with acme.scope():
        (card,) = WorkCard.objects.all()
    assert (card.processing_month, card.review_status) == (MONTH, "NEEDS_ASSIGNMENT")
    second = upload(
        client,
        scan("again.png"),
        scan("other.png", picture(7)),
        scan("bad.png", b"no picture"),
        site=site.pk,
        month="2026-06",
    )
    page = second.content.decode()
    uploads = second.context["uploads"]
    assert [d.filename for d in uploads.duplicates] == ["again.png"]
    assert [c.original_filename for c in uploads.uploaded] == ["other.png"]
    assert [f.filename for f in uploads.failed] == ["bad.png"]
    assert url_of(card) in page
    with acme.scope():
        assert WorkCard.objects.count() == 2


def test_a_duplicate_is_taken_in_when_one_says_so(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    for _ in range(2):
        upload(client, scan(), site=site.pk, allow_duplicate="on")
    with acme.scope():
        assert WorkCard.objects.count() == 2


def test_an_upload_for_one_employee_is_assigned(
    acme: Personas, client: AdminClient, john: Employee
) -> None:
    response = upload(client, scan(), employee=john.pk, month="2026-06")
    (card,) = response.context["uploads"].uploaded
    assert (card.employee, card.site_id) == (john, john.site_id)
    assert fresh(card).review_status == "NEEDS_REVIEW"


@pytest.mark.parametrize(
    ("files", "fields", "field"),
    [
        ((), {}, "files"),
        ((b"x",), {"month": "2026-13"}, "month"),
        ((b"x",), {"site": ""}, "site"),
    ],
)
def test_an_upload_that_lacks_something_says_what(
    client: AdminClient, site: Site, files: Any, fields: dict[str, str], field: str
) -> None:
    response = upload(client, *map(scan, files), **{"site": site.pk, **fields})
    assert response.status_code == 400
    assert field in response.context["form"].errors


def test_only_scans_that_can_t_be_read_is_a_refusal(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    response = upload(client, scan(content=b"nothing"), site=site.pk)
    assert response.status_code == 400
    assert len(response.context["uploads"].failed) == 1
    with acme.scope():
        assert not WorkCard.objects.exists()


def test_the_month_of_today_is_filled_in(client: AdminClient, site: Site) -> None:
    page = client.get(UPLOAD).content.decode()
    assert re.search(r'<input type="month" name="month" value="\d{4}-\d{2}"', page)


# The scan


def test_the_picture_is_shown_to_who_may_see_the_card(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    assert (
        f'src="{url_of(card, "file")}?rendition=display"'
        in client.get(url_of(card)).content.decode()
    )
    shown = client.get(url_of(card, "file"), {"rendition": "display"})
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
    assert shown["Cache-Control"] == "private, no-cache"
    assert shown["X-Content-Type-Options"] == "nosniff"
    again = client.get(
        url_of(card, "file"),
        {"rendition": "display"},
        headers={"If-None-Match": shown["ETag"]},
    )
    assert again.status_code == 304
    original = client.get(url_of(card, "file"))
    assert original["Content-Disposition"].startswith("attachment")
    assert client.get(url_of(card, "file"), {"rendition": "x"}).status_code == 404


def test_a_card_without_a_picture_says_so(acme: Personas, client: AdminClient) -> None:
    with acme.scope():
        card = WorkCardFactory()
    assert "created without a scan" in client.get(url_of(card)).content.decode()
    assert client.get(url_of(card, "file")).status_code == 404


# Assign, edit, create manually


def test_a_card_is_assigned_and_unassigned(
    acme: Personas, client: AdminClient, john: Employee
) -> None:
    with acme.scope():
        card = WorkCardFactory(unassigned=True, site=john.site)
    body = {"employee": john.pk, "version": card.version}
    assert client.send(url_of(card, "assign"), body)["Location"] == url_of(card)
    card = fresh(card)
    assert (card.employee, card.review_status) == (john, "NEEDS_REVIEW")
    client.send(url_of(card, "unassign"), {"version": card.version})
    assert fresh(card).employee is None
    trail = [event.event_type for event in events(acme.id)]
    assert trail == ["card_assigned", "card_unassigned"]


def test_an_inactive_employees_card_is_assigned_with_a_word_about_it(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        card = WorkCardFactory(unassigned=True)
        gone = EmployeeFactory(full_name="Gone Example", is_active=False)
    body = {"employee": gone.pk, "version": card.version}
    page = client.send(url_of(card, "assign"), body, follow=True)
    assert "Gone Example is inactive." in page.content.decode()


def test_site_month_and_notes_are_edited(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        other = SiteFactory()
    page = client.get(url_of(card, "edit")).content.decode()
    assert 'value="2026-06"' in page
    body = {"site": other.pk, "month": "2026-05", "notes": "n", "version": card.version}
    assert client.send(url_of(card, "edit"), body).status_code == 302
    card = fresh(card)
    assert (card.site, card.processing_month, card.notes) == (
        other,
        dt.date(2026, 5, 1),
        "n",
    )


def test_the_month_stays_while_there_are_days(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card)
    body = {"site": card.site_id, "month": "2026-05", "version": card.version}
    response = client.send(url_of(card, "edit"), body)
    assert response.status_code == 409
    assert "month" in response.context["form"].errors


def test_what_is_edited_is_saved_by_a_button_that_says_so(
    client: AdminClient, card: WorkCard
) -> None:
    """The button has the action's label, unless another word is clearer."""
    message = '<input type="submit" class="default" value="%s">'
    for verb, button in (("edit", "Save"), ("reject", "Reject")):
        assert message % button in client.get(url_of(card, verb)).content.decode()


def test_a_card_is_made_by_hand_once(
    acme: Personas, client: AdminClient, john: Employee
) -> None:
    body = {
        "site": john.site_id,
        "employee": john.pk,
        "processing_month": "2026-06",
        "notes": "lost the paper",
    }
    add = reverse("admin:workcards_workcard_add")
    # The form presets the processing month: until the fifth that is the previous month.
    with time_machine.travel(dt.datetime(2026, 7, 3, 9, tzinfo=dt.UTC), tick=False):
        page = client.get(add).content.decode()
    assert '<input type="month" name="processing_month" value="2026-06"' in page
    for _ in range(2):
        page = client.send(add, {**body, "_continue": 1}, follow=True)
    assert "There is already an open card" in page.content.decode()
    with acme.scope():
        (card,) = WorkCard.objects.all()
    assert (card.source, card.notes) == ("MANUAL", "lost the paper")


# Delete


def test_deleting_is_for_ones_own_cards_or_an_administrator(
    acme: Personas, card: WorkCard
) -> None:
    uploader, admin = admin_client_for(acme.uploader), admin_client_for(acme.admin)
    own = upload(uploader, scan("own.png", picture(9)), site=card.site_id)
    (own_card,) = own.context["uploads"].uploaded
    body = {"post": "yes"}
    assert uploader.send(url_of(card, "delete"), body).status_code == 403
    assert uploader.send(url_of(own_card, "delete"), body).status_code == 302
    assert admin.send(url_of(card, "delete"), body).status_code == 302
    with acme.scope():
        assert not WorkCard.objects.exists()


def test_an_approved_card_is_not_deleted(acme: Personas, card: WorkCard) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card)
        approve_card(card_id=card.pk, version=card.version, actor=acme.admin)
    admin = admin_client_for(acme.admin)
    assert admin.send(url_of(card, "delete"), {"post": "yes"}).status_code == 403
    assert url_of(card, "delete") not in admin.get(url_of(card)).content.decode()
