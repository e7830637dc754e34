"""The items of the side bar, in the order of the work, and their counts."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from accounts.request_user import get_request_business
from automatehq.admin.navigation import NavItem, NavLink, navigation_links
from businesses.models import Business
from workcards.models import WorkCard
from workcards.transitions import ReviewStatus
from workforce.models import Employee

WORK = (
    NavItem(_("Home"), "index", "home", where="both"),
    NavItem(_("Upload"), "workcards_workcard_upload", "upload", "cards.upload"),
    NavItem(
        _("Review"),
        "workcards_workcard_changelist",
        "review",
        "cards.review",
        query="?review_status__exact=NEEDS_REVIEW&month=open",
        counts="to_review",
        count_label=ngettext_lazy("%(n)d card to review", "%(n)d cards to review", "n"),
        kind="review",
    ),
    NavItem(
        _("Month"),
        "month",
        "month",
        "matrix.see",
        also=("workcards_closedmonth_changelist", "missing_cards"),
    ),
    NavItem(_("Exports"), "exports_exportrun_changelist", "export", "exports.see"),
    NavItem(
        _("Businesses"),
        "businesses_business_changelist",
        "site",
        "businesses.manage",
        "platform",
    ),
    NavItem(_("Act as"), "act_as", "shield", "platform.act_as", "platform"),
)
RECORDS = (
    NavItem(
        _("Work cards"),
        "workcards_workcard_changelist",
        "file",
        "cards.see",
        counts="to_assign",
        count_label=ngettext_lazy("%(n)d card to assign", "%(n)d cards to assign", "n"),
        kind="assign",
    ),
    NavItem(
        _("Employees"),
        "workforce_employee_changelist",
        "people",
        "employees.see",
        counts="active_employees",
        count_label=ngettext_lazy(
            "%(n)d active employee", "%(n)d active employees", "n"
        ),
    ),
    NavItem(
        _("Sites"),
        "workforce_site_changelist",
        "site",
        "sites.see",
        "both",
        also=("workforce_sitesettings_changelist",),
        counts="staffed_sites",
        count_label=ngettext_lazy(
            "%(n)d site with employees", "%(n)d sites with employees", "n"
        ),
    ),
    NavItem(
        _("Users"),
        "accounts_user_changelist",
        "user",
        "users.see",
        "both",
        counts="active_users",
        count_label=ngettext_lazy("%(n)d active user", "%(n)d active users", "n"),
    ),
    NavItem(
        _("Audit"),
        "audit_auditevent_changelist",
        "audit",
        "audit.see_cards_and_employees",
        "both",
    ),
    NavItem(
        _("Settings"),
        "businesses_business_change",
        "settings",
        "businesses.edit",
        also=("exports_exportprofile_changelist",),
    ),
)


_SIZES = ("active_employees", "staffed_sites", "active_users")
# One subquery over the cards reads both counts.
_PENDING = {
    "to_review": ReviewStatus.NEEDS_REVIEW,
    "to_assign": ReviewStatus.NEEDS_ASSIGNMENT,
}


def count_annotations() -> dict[str, object]:
    """Return annotations of a business's row for all counts. `parse_counts` reads their values."""
    pending = {
        name: Count("pk", filter=Q(review_status=status))
        for name, status in _PENDING.items()
    }
    cards = _grouped(WorkCard.objects.pending().in_open_months())
    return {
        "waiting_cards": Subquery(
            cards.annotate(figure=JSONObject(**pending)).values("figure")
        ),
        "active_employees": _count_of(Employee.objects.active()),
        # Only sites of the business's own employees: the number of all sites would reveal what other businesses add.
        "staffed_sites": _count_of(
            Employee.objects.active(), Count("site", distinct=True)
        ),
        "active_users": _count_of(User.objects.active()),
    }


def parse_counts(values: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts by the names of `NavItem.counts`.

    `values` are those of `count_annotations`. Other values are ignored.
    """
    sizes = {name: values[name] for name in _SIZES if name in values}
    return {**(values.get("waiting_cards") or {}), **sizes}


def _count_of(rows: Any, aggregate: Count | None = None) -> Coalesce:
    """Return a subquery with the number of `rows` in scope, or with another count."""
    counts = _grouped(rows).annotate(figure=aggregate or Count("pk")).values("figure")
    return Coalesce(Subquery(counts), 0)


def _grouped(rows: Any) -> Any:
    """Return `rows` grouped into one row."""
    return rows.order_by().values(all=Value(1))


def nav_counts(request: HttpRequest, names: set[str]) -> dict[str, int]:
    """Return the counts of the request's business.

    One query, or none if the page has stored them in `request.nav_counts`. The platform has no counts.
    """
    business = get_request_business(request)
    stored: dict[str, int] | None = getattr(request, "nav_counts", None)
    if stored is not None or not names or business is None:
        return stored or {}
    if names & _PENDING.keys():
        names = names | {"waiting_cards"}
    annotations = {k: v for k, v in count_annotations().items() if k in names}
    row = Business.objects.filter(pk=business.pk).order_by()
    return parse_counts(row.annotate(**annotations).values(*annotations).first() or {})


def side_bar(request: HttpRequest) -> list[list[NavLink]]:
    """Return the side bar's links of the request's user, by group. At most one query."""
    return navigation_links(request, (WORK, RECORDS), nav_counts)
