"""The home page: the month of a business at a glance, and the open tasks.

Each task is a link for the users who may do it.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin_site import AutomateHQAdminSite
from accounts.models import User
from accounts.request_user import get_request_user
from audit.descriptions import EventDescription, describe_events
from audit.models import AuditEvent
from automatehq.admin.forms import MonthFormField
from businesses.models import Business
from reports.business_status import BusinessStatus, get_business_status
from reports.charts import build_chart
from reports.dashboard import Dashboard, SiteMonth, get_dashboard
from workcards.month_math import format_month, next_month, previous_month
from workcards.services.uploads import default_month
from workcards.transitions import ReviewStatus

SITES_SHOWN = 10
EVENTS_SHOWN = 5
# The first and last month with a month before and after, for the arrows and the charts of twelve months.
EARLIEST, LATEST = date(1901, 1, 1), date(2199, 11, 1)


class HomeMonthForm(forms.Form):
    month = MonthFormField(label=gettext_lazy("Month"), required=False)

    def clean_month(self) -> date | None:
        month: date | None = self.cleaned_data["month"]
        if month is not None and not EARLIEST <= month <= LATEST:
            raise forms.ValidationError(
                MonthFormField.default_error_messages["invalid"]
            )
        return month


class Tile(NamedTuple):
    """A figure with a link to its details. `kind` is the colour, "" for none."""

    label: Any
    icon: str
    kind: str
    figure: Any
    places: int
    note: str
    url: str


class ToDo(NamedTuple):
    label: str
    note: str
    icon: str
    kind: str
    url: str


class Step(NamedTuple):
    """A step before the first month; `url` is "" for a user without the permission."""

    label: str
    note: str
    is_done: bool
    url: str


# Status, label on the tile, icon, colour.
STATES = (
    (ReviewStatus.NEEDS_ASSIGNMENT, gettext_lazy("To assign"), "dashed", "assign"),
    (ReviewStatus.NEEDS_REVIEW, gettext_lazy("To review"), "half", "review"),
    (ReviewStatus.APPROVED, gettext_lazy("Approved"), "done", "approved"),
    (ReviewStatus.REJECTED, gettext_lazy("Rejected"), "no", "rejected"),
)


def home(
    site: AutomateHQAdminSite, request: HttpRequest, business: Business
) -> HttpResponse:
    """Render the home page of the business.

    For an invalid month, the status is 400 and the page shows the current month.
    """
    form = HomeMonthForm(request.GET)
    chosen_month = form.cleaned_data["month"] if form.is_valid() else None
    month = chosen_month or default_month(business)
    business_status = get_business_status(business, month)
    request.nav_counts = business_status.side_bar  # type: ignore[attr-defined]
    context = {
        **site.each_context(request),
        "title": _("Home"),
        **site.app_list_context(request),
        "business_status": business_status,
        "month": month,
        "form": form if form.errors else HomeMonthForm(initial={"month": month}),
        "earlier": _home_of(previous_month(month)),
        "later": _home_of(next_month(month)),
    }
    if business_status.has_cards:
        dashboard = get_dashboard(business, month, business_status.site_names)
        context |= build_figures(dashboard, business_status, request)
        context["recent_activity"] = recent_activity(site, request)
        context["open_until"] = _open_until(business, month)
    else:
        context["steps"] = list(
            build_onboarding(business_status, get_request_user(request))
        )
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/reports/home.html", context, status=status)


def build_figures(
    dashboard: Dashboard, business_status: BusinessStatus, request: HttpRequest
) -> dict[str, object]:
    """Return the template context of a month's figures."""
    sites = sorted(dashboard.sites, key=lambda site: (-site.missing, -site.waiting))
    return {
        "dashboard": dashboard,
        "card_count": sum(dashboard.cards.values()),
        "tiles": list(build_tiles(dashboard)),
        "states": list(build_status_bar(dashboard)),
        "todos": list(
            build_todos(dashboard, business_status, get_request_user(request))
        ),
        "hours": build_chart((one.month, one.hours) for one in dashboard.trend),
        "employees": build_chart((one.month, one.employees) for one in dashboard.trend),
        "sites": [(site, _matrix_of(site, dashboard.month)) for site in sites][
            :SITES_SHOWN
        ],
        "site_count": len(sites),
        "complete": dashboard.employees_expected - dashboard.missing,
        "waiting": sum(site.waiting for site in sites),
        "missing_url": _missing(dashboard.month),
    }


def recent_activity(
    site: AutomateHQAdminSite, request: HttpRequest
) -> list[EventDescription]:
    """Return descriptions of the latest events of the work that the user may see.

    Empty if the user has no permission for the audit list.
    """
    trail: Any = site.get_model_admin(AuditEvent)
    if not trail.has_view_permission(request):
        return []
    return describe_events(trail.get_queryset(request).of_work()[:EVENTS_SHOWN])


def build_tiles(dashboard: Dashboard) -> Iterator[Tile]:
    """Yield the figures of the month, each with a link to the rows that it counts."""
    total = sum(dashboard.cards.values())
    for status, label, icon, kind in STATES:
        count = dashboard.cards[status]
        share = round(100 * count / total) if total else 0
        note = _("%(share)d%% of the cards") % {"share": share} if count else ""
        yield Tile(label, icon, kind, count, 0, note, _cards(dashboard.month, status))
    yield Tile(
        label=_("Cards missing"),
        icon="people",
        kind="",
        figure=dashboard.missing,
        places=0,
        note=ngettext(
            "of %(n)d employee", "of %(n)d employees", dashboard.employees_expected
        )
        % {"n": dashboard.employees_expected},
        url=_missing(dashboard.month),
    )
    yield Tile(
        label=_("Hours approved"),
        icon="clock",
        kind="",
        figure=dashboard.hours,
        places=2,
        note=ngettext("%(n)d day worked", "%(n)d days worked", dashboard.days)
        % {"n": dashboard.days},
        url=_admin_url("month", month=format_month(dashboard.month)),
    )


def build_status_bar(dashboard: Dashboard) -> Iterator[dict[str, object]]:
    """Yield the statuses as parts of a bar 400 units wide, the most finished first.

    A status with cards is at least 4 units wide, so that it stays visible.
    """
    total = sum(dashboard.cards.values()) or 1
    start = 0.0
    for status in ("APPROVED", "NEEDS_REVIEW", "NEEDS_ASSIGNMENT", "REJECTED"):
        label, kind = next(
            (label, kind) for state, label, _icon, kind in STATES if state == status
        )
        count = dashboard.cards[status]
        width = max(400 * count / total, 4) if count else 0.0
        yield {
            "label": label,
            "kind": kind,
            "count": count,
            "x": f"{start:.1f}",
            "width": f"{max(width - 1.5, 0):.1f}",
        }
        start += width


def build_todos(
    dashboard: Dashboard, business_status: BusinessStatus, user: User
) -> Iterator[ToDo]:
    """Yield the open tasks that the user may do, in the order of the work."""
    month, due = dashboard.month, business_status.due
    review = dashboard.cards[ReviewStatus.NEEDS_REVIEW]
    assign = dashboard.cards[ReviewStatus.NEEDS_ASSIGNMENT]
    if business_status.is_closed:
        yield from _unfinished_todos(month, review, assign, user)
    elif review and user.may("cards.review"):
        yield ToDo(
            ngettext("Review %(n)d card", "Review %(n)d cards", review) % {"n": review},
            _waits_since(business_status),
            "half",
            "review",
            _cards(month, ReviewStatus.NEEDS_REVIEW),
        )
    if assign and not business_status.is_closed and user.may("cards.upload"):
        yield ToDo(
            ngettext("Assign %(n)d card", "Assign %(n)d cards", assign) % {"n": assign},
            _("No employee assigned yet"),
            "dashed",
            "assign",
            _cards(month, ReviewStatus.NEEDS_ASSIGNMENT),
        )
    if (
        business_status.conflicts
        and not business_status.is_closed
        and user.may("cards.review")
    ):
        yield _conflict_todo(business_status.conflicts)
    if dashboard.missing and not business_status.is_closed:
        yield ToDo(
            ngettext(
                "Chase %(n)d employee",
                "Chase %(n)d employees",
                dashboard.missing,
            )
            % {"n": dashboard.missing},
            _("No card, or only part, received"),
            "people",
            "",
            _missing(month),
        )
    if not business_status.due_cards:
        return
    if not business_status.is_due_closed and user.may("months.close"):
        yield _close_todo(business_status)
    if business_status.due_exported_at is None and user.may("exports.create"):
        yield ToDo(
            _("Export %s") % _month(due),
            _("Not exported yet"),
            "export",
            "",
            _admin_url("exports_exportrun_add", processing_month=format_month(due)),
        )
    elif business_status.due_exported_at is not None and user.may("exports.see"):
        yield ToDo(
            _("See changes in %s") % _month(due),
            _("Last exported on %s")
            % _day(timezone.localdate(business_status.due_exported_at)),
            "export",
            "",
            _admin_url("exports_exportrun_changelist", month=format_month(due)),
        )


def build_onboarding(business_status: BusinessStatus, user: User) -> Iterator[Step]:
    """Yield the steps to the first month, for a business without cards."""
    steps = (
        (
            _("Find your sites"),
            _("Sites are work locations that all businesses share."),
            business_status.has_sites,
            "sites.see",
            "workforce_site_changelist",
        ),
        (
            _("Import your employees"),
            _("From a spreadsheet, with a preview of all changes."),
            business_status.has_employees,
            "employees.manage",
            "workforce_employee_import",
        ),
        (
            _("Add your colleagues"),
            _("Invite reviewers, uploaders and viewers."),
            business_status.has_colleagues,
            "users.manage",
            "accounts_user_add",
        ),
        (
            _("Upload work cards"),
            _("Images or PDF files, many at once."),
            False,
            "cards.upload",
            "workcards_workcard_upload",
        ),
    )
    for label, note, is_done, right, page in steps:
        yield Step(label, note, is_done, _admin_url(page) if user.may(right) else "")


def _unfinished_todos(
    month: date, review: int, assign: int, user: User
) -> Iterator[ToDo]:
    """Yield the open tasks of a closed month.

    Its cards are read-only until the month is reopened.
    """
    cards = review + assign
    if cards and user.may("months.reopen"):
        yield ToDo(
            _("Reopen %s") % _month(month),
            ngettext(
                "%(n)d card not finished before closing",
                "%(n)d cards not finished before closing",
                cards,
            )
            % {"n": cards},
            "lock",
            "",
            _admin_url("month", month=format_month(month)) + "#reopen",
        )
    for count, status, note in (
        (review, ReviewStatus.NEEDS_REVIEW, _("Not reviewed before closing")),
        (assign, ReviewStatus.NEEDS_ASSIGNMENT, _("Not assigned before closing")),
    ):
        if count and user.may("cards.review"):
            yield ToDo(
                ngettext("View %(n)d card", "View %(n)d cards", count) % {"n": count},
                note,
                "file",
                "",
                _cards(month, status),
            )


def _conflict_todo(conflicts: dict[str, Any]) -> ToDo:
    """Return a link to the newest card with conflicts. It is the first in the review list."""
    days, cards = conflicts["days"], conflicts["cards"]
    return ToDo(
        ngettext("Resolve %(n)d conflict", "Resolve %(n)d conflicts", days)
        % {"n": days},
        ngettext(
            "%(n)d card differs from days already paid",
            "%(n)d cards differ from days already paid",
            cards,
        )
        % {"n": cards},
        "clash",
        "conflict",
        reverse("admin:workcards_workcard_change", args=[conflicts["card_id"]]),
    )


def _close_todo(business_status: BusinessStatus) -> ToDo:
    waiting = business_status.due_waiting
    note = _("All cards approved or rejected")
    if waiting:
        note = ngettext(
            "%(n)d card not finished",
            "%(n)d cards not finished",
            waiting,
        ) % {"n": waiting}
    return ToDo(
        _("Close %s") % _month(business_status.due),
        note,
        "lock",
        "",
        _admin_url(
            "workcards_closedmonth_add", month=format_month(business_status.due)
        ),
    )


def _waits_since(business_status: BusinessStatus) -> str:
    if business_status.oldest_review_at is None:
        return ""
    since = timezone.localdate(business_status.oldest_review_at)
    return _("Oldest: %s") % _day(since)


def _open_until(business: Business, month: date) -> date | None:
    """Return the last day on which an upload counts for `month` by default.

    None if the day is over, or if the period has not begun.
    """
    if month != default_month(business):
        return None
    return next_month(month).replace(day=business.month_cutoff_day)


# Labels and URLs


def _month(month: date) -> str:
    return formats.date_format(month, "YEAR_MONTH_FORMAT")


def _day(day: date) -> str:
    return formats.date_format(day, "MONTH_DAY_FORMAT")


def _admin_url(page: str, **query: str) -> str:
    return reverse(f"admin:{page}") + (f"?{urlencode(query)}" if query else "")


def _home_of(month: date) -> str:
    return _admin_url("index", month=format_month(month))


def _cards(month: date, status: str) -> str:
    return _admin_url(
        "workcards_workcard_changelist",
        review_status__exact=status,
        month=format_month(month),
    )


def _missing(month: date) -> str:
    return _admin_url("missing_cards", month=format_month(month))


def _matrix_of(site: SiteMonth, month: date) -> str:
    """Return the URL of a site's month.

    For employees without a home site, return the URL of the missing cards.
    """
    if site.site_id is None:
        return _missing(month)
    return _admin_url("month", month=format_month(month), site=str(site.site_id))
