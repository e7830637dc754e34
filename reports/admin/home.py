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

from audit.descriptions import EventDescription, describe_events
from audit.models import AuditEvent
from automatehq.admin.forms import MonthFormField
from businesses.models import Business
from reports.business_status import BusinessStatus, standing_of
from reports.charts import chart_of
from reports.dashboard import Dashboard, SiteMonth, dashboard_of
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


def home(site: Any, request: Any) -> HttpResponse:
    """Render the home page of the business.

    For an invalid month, the status is 400 and the page shows the current month.
    """
    form = HomeMonthForm(request.GET)
    asked = form.cleaned_data["month"] if form.is_valid() else None
    business: Business = request.business
    month = asked or default_month(business)
    standing = standing_of(business, month)
    request.nav_counts = standing.side_bar
    context = {
        **site.each_context(request),
        "title": _("Home"),
        **site.app_list_context(request),
        "standing": standing,
        "month": month,
        "form": form if form.errors else HomeMonthForm(initial={"month": month}),
        "earlier": _home_of(previous_month(month)),
        "later": _home_of(next_month(month)),
    }
    if standing.has_cards:
        dashboard = dashboard_of(business, month, standing.site_names)
        context |= figures_of(dashboard, standing, request)
        context["lately"] = lately(site, request)
        context["open_until"] = _open_until(business, month)
    else:
        context["steps"] = list(steps_of(standing, request.user))
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/reports/home.html", context, status=status)


def figures_of(
    dashboard: Dashboard, standing: BusinessStatus, request: HttpRequest
) -> dict[str, Any]:
    """Return the template context of a month's figures."""
    sites = sorted(dashboard.sites, key=lambda site: (-site.missing, -site.waiting))
    return {
        "dashboard": dashboard,
        "card_count": sum(dashboard.cards.values()),
        "tiles": list(tiles_of(dashboard)),
        "states": list(split_of(dashboard)),
        "todos": list(todos_of(dashboard, standing, request.user)),
        "hours": chart_of((one.month, one.hours) for one in dashboard.trend),
        "employees": chart_of((one.month, one.employees) for one in dashboard.trend),
        "sites": [(site, _matrix_of(site, dashboard.month)) for site in sites][
            :SITES_SHOWN
        ],
        "site_count": len(sites),
        "complete": dashboard.employees_expected - dashboard.missing,
        "waiting": sum(site.waiting for site in sites),
        "missing_url": _missing(dashboard.month),
    }


def lately(site: Any, request: HttpRequest) -> list[EventDescription]:
    """Return descriptions of the latest events of the work that the user may see.

    Empty if the user has no permission for the audit list.
    """
    trail = site.get_model_admin(AuditEvent)
    if not trail.has_view_permission(request):
        return []
    return describe_events(trail.get_queryset(request).of_work()[:EVENTS_SHOWN])


def tiles_of(dashboard: Dashboard) -> Iterator[Tile]:
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
        url=_at("month", month=format_month(dashboard.month)),
    )


def split_of(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
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


def todos_of(
    dashboard: Dashboard, standing: BusinessStatus, user: Any
) -> Iterator[ToDo]:
    """Yield the open tasks that the user may do, in the order of the work."""
    month, due = dashboard.month, standing.due
    review = dashboard.cards[ReviewStatus.NEEDS_REVIEW]
    assign = dashboard.cards[ReviewStatus.NEEDS_ASSIGNMENT]
    if standing.is_closed:
        yield from _left_over(month, review, assign, user)
    elif review and user.may("cards.review"):
        yield ToDo(
            ngettext("Review %(n)d card", "Review %(n)d cards", review) % {"n": review},
            _waits_since(standing),
            "half",
            "review",
            _cards(month, ReviewStatus.NEEDS_REVIEW),
        )
    if assign and not standing.is_closed and user.may("cards.upload"):
        yield ToDo(
            ngettext("Assign %(n)d card", "Assign %(n)d cards", assign) % {"n": assign},
            _("No employee assigned yet"),
            "dashed",
            "assign",
            _cards(month, ReviewStatus.NEEDS_ASSIGNMENT),
        )
    if standing.conflicts and not standing.is_closed and user.may("cards.review"):
        yield _settle(standing.conflicts)
    if dashboard.missing and not standing.is_closed:
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
    if not standing.due_cards:
        return
    if not standing.is_due_closed and user.may("months.close"):
        yield _close(standing)
    if standing.due_exported_at is None and user.may("exports.create"):
        yield ToDo(
            _("Export %s") % _month(due),
            _("Not exported yet"),
            "export",
            "",
            _at("exports_exportrun_add", processing_month=format_month(due)),
        )
    elif standing.due_exported_at is not None and user.may("exports.see"):
        yield ToDo(
            _("See changes in %s") % _month(due),
            _("Last exported on %s")
            % _day(timezone.localdate(standing.due_exported_at)),
            "export",
            "",
            _at("exports_exportrun_changelist", month=format_month(due)),
        )


def steps_of(standing: BusinessStatus, user: Any) -> Iterator[Step]:
    """Yield the steps to the first month, for a business without cards."""
    steps = (
        (
            _("Find your sites"),
            _("Sites are work locations that all businesses share."),
            standing.has_sites,
            "sites.see",
            "workforce_site_changelist",
        ),
        (
            _("Import your employees"),
            _("From a spreadsheet, with a preview of all changes."),
            standing.has_employees,
            "employees.manage",
            "workforce_employee_import",
        ),
        (
            _("Add your colleagues"),
            _("Invite reviewers, uploaders and viewers."),
            standing.has_colleagues,
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
        yield Step(label, note, is_done, _at(page) if user.may(right) else "")


def _left_over(month: date, review: int, assign: int, user: Any) -> Iterator[ToDo]:
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
            _at("month", month=format_month(month)) + "#reopen",
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


def _settle(conflicts: dict[str, Any]) -> ToDo:
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


def _close(standing: BusinessStatus) -> ToDo:
    waiting = standing.due_waiting
    note = _("All cards approved or rejected")
    if waiting:
        note = ngettext(
            "%(n)d card not finished",
            "%(n)d cards not finished",
            waiting,
        ) % {"n": waiting}
    return ToDo(
        _("Close %s") % _month(standing.due),
        note,
        "lock",
        "",
        _at("workcards_closedmonth_add", month=format_month(standing.due)),
    )


def _waits_since(standing: BusinessStatus) -> str:
    if standing.oldest_review_at is None:
        return ""
    since = timezone.localdate(standing.oldest_review_at)
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


def _at(page: str, **query: str) -> str:
    return reverse(f"admin:{page}") + (f"?{urlencode(query)}" if query else "")


def _home_of(month: date) -> str:
    return _at("index", month=format_month(month))


def _cards(month: date, status: str) -> str:
    return _at(
        "workcards_workcard_changelist",
        review_status__exact=status,
        month=format_month(month),
    )


def _missing(month: date) -> str:
    return _at("missing_cards", month=format_month(month))


def _matrix_of(site: SiteMonth, month: date) -> str:
    """Return the URL of a site's month.

    For employees without a home site, return the URL of the missing cards.
    """
    if site.site_id is None:
        return _missing(month)
    return _at("month", month=format_month(month), site=str(site.site_id))
