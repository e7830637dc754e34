"""The page of an unsaved form shows all typed values and no internal fields."""

import re
import uuid
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.tests.factories import WorkCardFactory

from .admin_clients import admin_client_for

DAYS = {
    "version": "3",
    "days-TOTAL_FORMS": "30",
    "days-INITIAL_FORMS": "30",
    "days-0-work_date": "2026-06-01",
    "days-1-work_date": "2026-06-02",
    "days-1-from_time": "7",
    "days-1-to_time": "25:99",
    "days-1-break_minutes": "30",
    "days-1-comment": "<b>late</b>",
    "days-2-work_date": "2026-06-03",
    "days-2-day_status": "VACATION",
    "days-3-work_date": "2026-02-31",
    "days-3-total_hours": "8",
    "date_0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2": "2026-06-01",
    "choice_0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2": "keep",
    "take_2026-06-02": "mine",
}


def shown(page: Any) -> list[str]:
    """Return the lines of the typed values, without markup."""
    body = page.content.decode().partition("Your input")[2]
    lines = re.findall(r"<tr>(.*?)</tr>", body)
    return [re.sub(r"<[^>]+>", " ", line).strip() for line in lines]


def notice_of(page: Any) -> str:
    html = " ".join(page.content.decode().split())
    found = re.search(r'<p class="notice warn"[^>]*>(.*?)</p>', html)
    return found[1].strip() if found else ""


def test_days_of_a_card_are_a_line_each(acme: Personas) -> None:
    with acme.scope():
        card = WorkCardFactory()
    client = admin_client_for(acme.reviewer)
    client.cookies.clear()
    page = client.send(reverse("admin:workcards_workcard_change", args=[card.pk]), DAYS)
    assert page.status_code == 401
    assert [re.sub(r"\s+", " ", line) for line in shown(page)] == [
        "2 June 7–25:99 , break 30, &lt;b&gt;late&lt;/b&gt;",
        "3 June Vacation",
        "2026-02-31 8",
        "1 June Keep the paid hours",
    ]
    # Only the page's script can check that the input is back on the card.
    assert "Sign in opens in a new tab" in notice_of(page)


def test_fields_of_a_form_are_a_line_each(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    client.cookies.clear()
    typed = {"full_name": "Joan Typed", "passport_id": "", "_save": "1"}
    page = client.send(reverse("admin:workforce_employee_add"), typed)
    assert shown(page)[0].split() == ["Full", "name", "Joan", "Typed"]
    assert len(shown(page)) == 1
    assert "Sign in opens in a new tab" in notice_of(page)


@pytest.mark.parametrize(
    ("view", "sent"),
    [
        (
            "admin:workcards_workcard_changelist",
            {"action": "approve_cards", "select_across": "0", "index": "0"},
        ),
        ("admin:workcards_workcard_assign", {"employee": str(uuid.uuid4())}),
        ("admin:workcards_closedmonth_add", {"month": "2026-06"}),
    ],
)
def test_what_nobody_typed_is_not_called_typed(
    acme: Personas, view: str, sent: dict[str, str]
) -> None:
    client = admin_client_for(acme.admin)
    client.cookies.clear()
    args = [uuid.uuid4()] if "assign" in view else []
    page = client.send(reverse(view, args=args), sent)
    assert page.status_code == 401
    assert notice_of(page) == ""
    assert shown(page) == []


def test_fields_whose_names_begin_with_that_of_a_version_are_shown(
    acme: Personas,
) -> None:
    client = admin_client_for(acme.admin)
    client.cookies.clear()
    sent = {"versions_seen": "3", f"version_{uuid.uuid4()}": "4"}
    page = client.send(reverse("admin:workforce_employee_add"), sent)
    assert [line.split()[-1] for line in shown(page)] == ["3"]


def test_nothing_is_promised_to_whoever_can_not_sign_in_again(acme: Personas) -> None:
    client = admin_client_for(acme.reviewer)
    with acme.scope():
        card = WorkCardFactory()
        User.objects.filter(pk=acme.reviewer.pk).update(is_active=False)
    page = client.send(reverse("admin:workcards_workcard_change", args=[card.pk]), DAYS)
    assert "This user is inactive" in page.content.decode()
    assert notice_of(page) == "Nothing was saved. Your input is shown below."
    assert "restored on the card" not in page.content.decode()
