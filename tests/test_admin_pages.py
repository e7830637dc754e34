"""Rules for every page of the admin: queries, loaded files, language, audit trail."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from html.parser import HTMLParser
from itertools import count
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from accounts.admin_site import EVENTS_A_PAGE
from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.services import record
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tests.factories import BusinessFactory
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from workcards.models import WorkCard
from workcards.month_math import add_months
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)

from .admin_clients import AdminClient, admin_client_for
from .admin_rows import name_of
from .api_helpers import queries, statements

MODELS = [model._meta.label_lower for model in admin.site._registry]


# Addresses that return no full page: targets of forms and scripts, parts of pages, and files.
NO_PAGES = {
    "logout",
    "stop_acting",
    "language",
    "jsi18n",
    "autocomplete",
    "exports_exportrun_preview",
    "exports_exportrun_file",
    "workcards_workcard_file",
    "workforce_employee_export_csv",
    "workforce_employee_export_xlsx",
}
# A sample run has no file yet to compare with.
ANSWERS = (200, 403, 404, 409)


def pages_of(rows: dict[str, Any]) -> list[str]:
    """Return the paths of all pages that a user with every permission can open.

    The result also has one unknown path. Without `rows`, by model, it has no pages of a row. The paths are those that
    the admin resolves, so that every test over them includes a new page.
    """
    pages = ["/admin/nowhere/"]
    if rows:
        rows = {"workforce.site": rows["workcards.workcard"].site, **rows}
    for pattern in leaves(admin.site.get_urls()):
        name = str(pattern.name or "")
        asks_for = set(pattern.pattern.converters or pattern.pattern.regex.groupindex)
        if name in NO_PAGES or not name:
            continue
        if not asks_for:
            pages.append(reverse(f"admin:{name}"))
        elif asks_for == {"app_label"}:
            pages.append(reverse("admin:app_list", args=["workforce"]))
        elif asks_for == {"object_id"}:
            label = ".".join(name.split("_")[:2])
            if rows:
                pages.append(reverse(f"admin:{name}", args=[rows[label].pk]))
        else:
            raise AssertionError(f"say here how a page {name} is opened: {asks_for}")
    return pages


def leaves(patterns: Any) -> Iterator[URLPattern]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from leaves(one.url_patterns)
        else:
            yield one


def test_the_pages_that_are_walked_are_all_there_are(
    rows_of_acme: dict[str, Any],
) -> None:
    pages = pages_of(rows_of_acme)
    assert len(pages) == len(set(pages)) > 75
    for name in ("index", "login", "month", "workcards_workcard_upload", "act_as"):
        assert reverse(f"admin:{name}") in pages
    run = rows_of_acme["exports.exportrun"].pk
    assert reverse("admin:exports_exportrun_changes", args=[run]) in pages
    # The pages left out below exist, and are not pages of a list or a row.
    names = {one.name for one in leaves(admin.site.get_urls())}
    assert names >= NO_PAGES


class Strictness(HTMLParser):
    """A recorder of strict Content-Security-Policy violations and foreign requests."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.faults.append(f"inline <{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"{tag} {name}")
            if name in ("src", "href", "action") and (value or "").startswith(
                ("http", "//", "javascript:")
            ):
                self.faults.append(f"{tag} {name}={value}")


@pytest.mark.crawl
@pytest.mark.parametrize("person", ["admin", "platform"])
def test_no_page_has_anything_inline_or_from_elsewhere(
    acme: Personas, super_admin: User, rows_of_acme: dict[str, Any], person: str
) -> None:
    client = admin_client_for(super_admin if person == "platform" else acme.admin)
    faults = {}
    for page in pages_of(rows_of_acme):
        response = client.get(page)
        assert response.status_code in ANSWERS
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
        parser = Strictness()
        parser.feed(response.content.decode())
        if parser.faults:
            faults[page] = parser.faults
    assert faults == {}


@pytest.mark.crawl
def test_djangos_own_log_is_neither_written_nor_read(
    acme: Personas, rows_of_acme: dict[str, Any]
) -> None:
    client = admin_client_for(acme.admin)
    sql = []
    for page in pages_of(rows_of_acme):
        sql += statements(lambda page=page: client.get(page))
    for path, body in (
        (reverse("admin:workforce_employee_add"), {"full_name": "New"}),
        (
            reverse(
                "admin:workforce_employee_change",
                args=[rows_of_acme["workforce.employee"].pk],
            ),
            {"full_name": "Changed"},
        ),
        (
            reverse(
                "admin:workcards_workcard_delete",
                args=[rows_of_acme["workcards.workcard"].pk],
            ),
            {"post": "yes"},
        ),
    ):
        sql += statements(lambda path=path, body=body: client.send(path, body))
    assert len(sql) > 100
    assert not [one for one in sql if "django_admin_log" in one]


def test_the_admins_that_libraries_bring_stay_out() -> None:
    admin.site.register(Group)
    admin.site.register(Group, admin.ModelAdmin)
    assert not admin.site.is_registered(Group)
    assert {model._meta.app_label for model in admin.site._registry} == {
        "businesses",
        "accounts",
        "audit",
        "workforce",
        "workcards",
        "exports",
    }


def test_the_stock_shortcut_to_any_row_is_gone(acme: Personas) -> None:
    assert admin_client_for(acme.admin).get(f"/admin/r/1/{acme.id}/").status_code == 404


# Queries of a list

A_MONTH = (add_months(date(2000, 1, 1), later) for later in count())
MAKE: dict[str, Callable[[], Any]] = {
    "accounts.user": UserFactory,
    "workforce.site": SiteFactory,
    "workforce.sitesettings": lambda: SiteSettingsFactory(
        responsible_employee=EmployeeFactory()
    ),
    "workforce.employee": EmployeeFactory,
    "workcards.workcard": lambda: DayEntryFactory().work_card,
    "workcards.approvedday": ApprovedDayFactory,
    "workcards.closedmonth": lambda: ClosedMonthFactory(month=next(A_MONTH)),
    "exports.exportrun": lambda: ExportRunFactory(site=SiteFactory()),
    "exports.exportprofile": ExportProfileFactory,
    "audit.auditevent": lambda: record("site_updated", entity=EmployeeFactory()),
}


@pytest.mark.parametrize("person", ["admin", "platform"])
@pytest.mark.parametrize("model", MODELS)
def test_a_list_costs_the_same_for_one_row_and_for_many_and_at_most_10_queries(
    acme: Personas, super_admin: User, person: str, model: str
) -> None:
    client = admin_client_for(super_admin if person == "platform" else acme.admin)
    url = reverse(f"{name_of(model)}_changelist")

    def make() -> None:
        if model == "businesses.business":
            with platform_scope("sample data"):
                BusinessFactory()
            return
        with acme.scope():
            MAKE[model]()

    make()
    client.get(url)
    few = queries(lambda: client.get(url))
    for _ in range(8):
        make()
    many = queries(lambda: client.get(url))
    assert few == many
    assert many <= 10


def test_a_cards_page_costs_the_same_for_one_day_and_for_many(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    with acme.scope():
        card = DayEntryFactory(work_date=MONTH).work_card
    url = reverse("admin:workcards_workcard_change", args=[card.pk])
    client.get(url)
    few = queries(lambda: client.get(url))
    with acme.scope():
        for day in range(2, 29):
            DayEntryFactory(work_card=card, work_date=MONTH.replace(day=day))
    assert queries(lambda: client.get(url)) == few <= 8


# The audit trail


def test_history_is_the_audit_trail_page_by_page(acme: Personas) -> None:
    with acme.scope():
        employee = EmployeeFactory()
        for number in range(EVENTS_A_PAGE + 3):
            record(
                "employee_updated",
                entity=employee,
                actor=acme.admin,
                before={"phone_number": f"old{number:03}"},
                after={"phone_number": f"new{number:03}"},
                reason="tidying",
            )
    client = admin_client_for(acme.admin)
    url = reverse("admin:workforce_employee_history", args=[employee.pk])
    newest = client.get(url)
    page = newest.content.decode()
    assert "old052" in page
    assert "old003" in page
    assert "old002" not in page
    assert "tidying" in page
    assert acme.admin.full_name in page
    older = client.get(url, {"before": newest.context["older_than"]}).content.decode()
    assert "old002" in older
    assert "old003" not in older
    assert client.get(url, {"before": "x"}).status_code == 200


def test_an_event_can_be_read(acme: Personas) -> None:
    with acme.scope():
        event = record(
            "employee_updated",
            entity=EmployeeFactory(full_name="<b>John</b>"),
            before={"full_name": "Jon <i>", "left_on": None},
            after={"full_name": "John", "left_on": "2026-06-01"},
            reason="typo",
            reposted={"2026-06-01": "x"},
        )
    url = reverse("admin:audit_auditevent_change", args=[event.pk])
    page = admin_client_for(acme.viewer).get(url).content.decode()
    for text in ("Jon &lt;i&gt;", "typo", "&lt;b&gt;John"):
        assert text in page
    # The form in which earlier versions listed days.
    assert "<div>1 June 2026, x</div>" in page
    assert "<b>John" not in page


def test_the_days_that_reopening_decided_are_listed_for_people(acme: Personas) -> None:
    day = {
        "date": "2026-06-01",
        "site": {"id": "x", "name": "Tower <b>"},
        "hours": "8.00",
        "day_status": None,
        "work_card_id": "x",
    }
    absent = {**day, "hours": None, "day_status": "SICK", "code": "absence_not_alone"}
    with acme.scope():
        event = record(
            "card_reopened",
            entity=WorkCardFactory(),
            reposted=[day],
            not_reposted=[absent],
            repaired=["no day"],
        )
    url = reverse("admin:audit_auditevent_change", args=[event.pk])
    page = admin_client_for(acme.viewer).get(url).content.decode()
    assert "<div>1 June 2026, Tower &lt;b&gt;, 8.00</div>" in page
    text = "Sick, Absence together with other entries on this date</div>"
    assert f"<div>1 June 2026, Tower &lt;b&gt;, {text}" in page
    assert "[&quot;no day&quot;]" in page


def test_the_trail_is_filtered_and_searched(acme: Personas) -> None:
    with acme.scope():
        employee = EmployeeFactory(full_name="John Example", site=SiteFactory())
        with time_machine.travel("2026-06-01T20:30:00Z", tick=False):
            # 23:30 in the business's time zone.
            found = record(
                "employee_updated",
                entity=employee,
                actor=acme.reviewer,
                employee_id=employee.pk,
                site_id=employee.site_id,
            )
        with time_machine.travel("2026-06-01T21:30:00Z", tick=False):
            record("card_updated", entity=WorkCardFactory(), actor=acme.admin)
    client = admin_client_for(acme.viewer)
    url = reverse("admin:audit_auditevent_changelist")
    for query in (
        {"event_type": "employee_updated"},
        {"entity_type": "employee"},
        {"q": "john example"},
        {"actor": str(acme.reviewer.pk)},
        {"employee": str(employee.pk)},
        {"employee": "hn exam"},
        {"site": str(employee.site_id)},
        {"from": "2026-06-01", "to": "2026-06-01"},
        {"to": "2026-06-01", "employee": "john", "actor": str(acme.reviewer.pk)},
    ):
        page = client.get(url, query)
        assert [row.pk for row in page.context["cl"].result_list] == [found.pk], query
    since = client.get(url, {"from": "2026-06-02"}).context["cl"].result_list
    assert [event.event_type for event in since] == ["card_updated"]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"to": "9999-12-31"},
        {"actor": "x"},
        {"site": "x"},
        {"employee": "x" * 101},
    ],
)
def test_a_filter_of_the_trail_that_can_not_be_is_left_out(
    acme: Personas, query: dict[str, str]
) -> None:
    url = reverse("admin:audit_auditevent_changelist")
    response = admin_client_for(acme.viewer).get(url, query)
    assert response.status_code == 302
    assert response["Location"].endswith("?e=1")


def test_pages_lead_to_all_events_that_have_to_do_with_their_row(
    acme: Personas, rows_of_acme: dict[str, Any]
) -> None:
    client = admin_client_for(acme.admin)
    rows = {
        **rows_of_acme,
        "workforce.site": rows_of_acme["workcards.workcard"].site,
    }
    for label, parameter in (
        ("workforce.employee", "employee"),
        ("workforce.site", "site"),
        ("accounts.user", "actor"),
    ):
        pk = rows[label].pk
        page = client.get(reverse(f"{name_of(label)}_history", args=[pk]))
        assert page.context["more_url"].endswith(f"?{parameter}={pk}")
        assert client.get(page.context["more_url"]).status_code == 200


def test_what_is_done_in_the_admin_is_recorded_with_its_door_and_request(
    acme: Personas,
) -> None:
    client = admin_client_for(acme.admin)
    response = client.send(
        reverse("admin:workforce_employee_add"),
        {"full_name": "New"},
        REMOTE_ADDR="203.0.113.7",
    )
    with acme.scope():
        (event,) = AuditEvent.objects.all()
    assert event.event_type == "employee_created"
    assert event.metadata["channel"] == "admin"
    assert event.metadata["address"] == "203.0.113.7"
    assert event.metadata["request_id"] == response["X-Request-ID"]


# Language and time


@pytest.mark.parametrize(
    ("of_user", "of_business", "spoken"),
    [(None, "he", "he"), (None, "en", "en"), ("en", "he", "en"), ("he", "en", "he")],
)
def test_a_page_speaks_the_users_language_or_else_the_businesss(
    acme: Personas, of_user: str | None, of_business: str, spoken: str
) -> None:
    with acme.scope():
        Business.objects.update(language=of_business)
        User.objects.filter(pk=acme.admin.pk).update(language=of_user)
    client = admin_client_for(acme.admin)
    for path in ("/admin/", reverse("admin:workforce_employee_add"), "/admin/no/"):
        page = client.get(path).content.decode()
        direction = {"he": "rtl", "en": "ltr"}[spoken]
        assert f'<html lang="{spoken}" dir="{direction}">' in page
    home = client.get("/admin/").content.decode()
    assert ("כרטיסי עבודה" in home) is (spoken == "he")


def test_the_sign_in_page_speaks_the_browsers_language(db: None) -> None:
    page = Client().get("/admin/login/", headers={"Accept-Language": "he"})
    assert 'lang="he" dir="rtl"' in page.content.decode()


@pytest.mark.crawl
def test_every_page_can_be_drawn_in_hebrew(
    acme: Personas, rows_of_acme: dict[str, Any]
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language="he")
    client = admin_client_for(acme.admin)
    for page in pages_of(rows_of_acme):
        assert client.get(page).status_code in ANSWERS, page


def test_one_request_leaves_no_language_or_time_zone_to_the_next(
    acme: Personas,
) -> None:
    with acme.scope():
        Business.objects.update(language="he", time_zone="Asia/Tokyo")
    admin_client_for(acme.admin).get("/admin/")
    assert timezone.get_current_timezone_name() != "Asia/Tokyo"
    page = Client().get("/admin/login/", headers={"Accept-Language": "en"})
    assert 'lang="en"' in page.content.decode()


def test_moments_are_shown_in_the_time_of_the_business(acme: Personas) -> None:
    with acme.scope():
        Business.objects.update(time_zone="Asia/Tokyo")
        employee = EmployeeFactory()
        with time_machine.travel("2026-06-01T20:00:00Z", tick=False):
            record("employee_updated", entity=employee)
    url = reverse("admin:workforce_employee_history", args=[employee.pk])
    assert (
        "2026-06-02 05:00:00" in admin_client_for(acme.admin).get(url).content.decode()
    )


# The platform


def test_on_the_platform_lists_say_whose_rows_they_are_and_filter_by_it(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for business in (acme, globex):
        with business.scope():
            WorkCardFactory()
    client = admin_client_for(super_admin)
    url = reverse("admin:workcards_workcard_changelist")
    rows = client.get(url).context["cl"].result_list
    assert {card.business for card in rows} == {acme.business, globex.business}
    one = client.get(url, {"business": str(acme.id)}).context["cl"].result_list
    assert [card.business for card in one] == [acme.business]
    assert client.get(url, {"business": "x"}).status_code == 302


def test_on_the_platform_cards_and_their_pictures_are_seen_and_not_changed(
    acme: Personas, super_admin: User, rows_of_acme: dict[str, Any]
) -> None:
    client, card = admin_client_for(super_admin), rows_of_acme["workcards.workcard"]
    page = client.get(reverse("admin:workcards_workcard_change", args=[card.pk]))
    assert page.context["formset"] is None
    assert page.context["object_actions"] == []
    picture = reverse("admin:workcards_workcard_file", args=[card.pk])
    assert client.get(picture, {"rendition": "display"}).status_code == 200
    with business_scope(acme.id):
        assert WorkCard.objects.get(pk=card.pk).version == card.version


def test_a_refusal_on_the_platform_leads_to_acting(
    acme: Personas, super_admin: User
) -> None:
    page = admin_client_for(super_admin).get(reverse("admin:workforce_employee_add"))
    assert page.status_code == 403
    assert reverse("admin:act_as") in page.content.decode()


def test_platform_is_in_no_list_and_has_no_page(super_admin: User) -> None:
    client: AdminClient = admin_client_for(super_admin)
    rows = client.get(reverse("admin:businesses_business_changelist"))
    assert not [row for row in rows.context["cl"].result_list if row.is_platform]
    platform_id = super_admin.business_id
    for page in ("change", "deactivate", "history"):
        url = reverse(f"admin:businesses_business_{page}", args=[platform_id])
        assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("page", "beside"),
    [
        ("exports_exportrun_changelist", ["exports_exportprofile_changelist"]),
        ("workforce_site_changelist", ["workforce_sitesettings_changelist"]),
        (
            "businesses_business_change",
            ["exports_exportprofile_changelist", "workforce_sitesettings_changelist"],
        ),
    ],
)
def test_what_belongs_to_a_page_is_one_step_away(
    acme: Personas, page: str, beside: list[str]
) -> None:
    args = [acme.business.pk] if page == "businesses_business_change" else []
    shown = admin_client_for(acme.admin).get(reverse(f"admin:{page}", args=args))
    main = shown.content.decode().partition("<main")[2]
    for one in beside:
        assert f'href="{reverse(f"admin:{one}")}"' in main


def test_the_cells_of_a_list_say_what_they_are(acme: Personas) -> None:
    """A phone shows no table head, so each cell carries its label."""
    with acme.scope():
        EmployeeFactory(full_name="Zoe", passport_id="AB12345")
        EmployeeFactory(full_name="Gone", is_active=False)
    page = admin_client_for(acme.admin).get(
        reverse("admin:workforce_employee_changelist")
    )
    shown = page.content.decode()
    assert '<td data-label="Passport" class="field-passport_id">AB12345</td>' in shown
    # A status is a word, beside its colour and icon.
    assert re.search(r'status-active">.*?</svg>Active<', shown)
    assert re.search(r'status-inactive">.*?</svg>Inactive<', shown)
