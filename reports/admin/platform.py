"""The platform dashboard: all businesses in a table, and their growth."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_site import AutomateHQAdminSite
from audit.descriptions import model_label
from automatehq.admin.form_fields import LineFormField
from automatehq.api.converters import parse_uuid
from automatehq.text import fold
from reports.charts import build_chart
from reports.dashboard import ATTEMPTS, BusinessFigures, all_businesses, sum_figures
from reports.platform_growth import growth_until, latest_attempts
from workcards.month_math import first_of_month

BUSINESSES_A_PAGE = 50
LONG_AGO = datetime.min.replace(tzinfo=UTC)
# The longest time since an activity that is shown in days; older ones are shown as a date.
RECENT = timedelta(days=7)


class PlatformColumn(NamedTuple):
    """A sortable column. The first sort of a number is descending, of a name ascending."""

    name: str
    label: Any
    is_number: bool = True


COLUMNS = (
    PlatformColumn("name", gettext_lazy("Business"), is_number=False),
    PlatformColumn("users", gettext_lazy("Users")),
    PlatformColumn("employees", gettext_lazy("Employees")),
    PlatformColumn("cards", gettext_lazy("Cards")),
    PlatformColumn("open_reviews", gettext_lazy("Open reviews")),
    PlatformColumn("storage_bytes", gettext_lazy("Storage")),
    PlatformColumn("last_activity_at", gettext_lazy("Last activity")),
    PlatformColumn("cross_business_attempts", gettext_lazy("Attempts")),
)
SORTS = [(sign + column.name, column.label) for column in COLUMNS for sign in ("", "-")]


class PlatformForm(forms.Form):
    """The query form of the dashboard; invalid values are ignored."""

    q = LineFormField(required=False, max_length=200)
    show = forms.ChoiceField(
        choices=[("", gettext_lazy("All")), ("active", gettext_lazy("Active"))],
        required=False,
    )
    sort = forms.ChoiceField(choices=SORTS, required=False)

    def to_filters(self) -> dict[str, str]:
        """Return the valid values, with "" for the others."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in self.fields}


def platform_view(site: AutomateHQAdminSite, request: HttpRequest) -> HttpResponse:
    """Render the dashboard for super-admins who do not act for a business."""
    filters = PlatformForm(request.GET).to_filters()
    businesses = all_businesses()
    matches = sort_businesses(filters["sort"], filter_businesses(businesses, filters))
    page = Paginator(matches, BUSINESSES_A_PAGE).get_page(request.GET.get("page"))
    month = first_of_month(timezone.localdate())
    growth = growth_until(month)
    names = {business.id: business.name for business in businesses}
    context = {
        **site.each_context(request),
        "title": _("All businesses"),
        **site.app_list_context(request),
        "filters": filters,
        "heads": [_column_head(column, filters) for column in COLUMNS],
        "page": page,
        "rows": [
            (business, format_age(business.last_activity_at))
            for business in page.object_list
        ],
        "query": _query(filters),
        "shows": [
            (label, _query({**filters, "show": value}), value == filters["show"])
            for value, label in (("active", _("Active")), ("", _("All")))
        ],
        "totals": sum_figures(businesses),
        "month": month,
        "cards": build_chart(growth.cards.items()),
        "employees": build_chart(growth.employees.items()),
        "attempts": [
            {
                "event": event,
                "from": _origin_name(event.metadata, names),
                "kind": model_label(event.entity_type),
            }
            for event in latest_attempts()
        ],
        "is_conflict": ATTEMPTS[1],
    }
    return TemplateResponse(request, "admin/reports/platform.html", context)


def filter_businesses(
    businesses: Iterable[BusinessFigures], filters: dict[str, str]
) -> list[BusinessFigures]:
    """Return the businesses whose name or code contains the search text.

    With `show` set to "active", return active businesses only.
    """
    text = fold(filters["q"])
    return [
        business
        for business in businesses
        if text in fold(f"{business.name} {business.code or ''}")
        and (business.is_active or filters["show"] != "active")
    ]


def sort_businesses(
    sort: str, businesses: list[BusinessFigures]
) -> list[BusinessFigures]:
    """Return the businesses sorted by a column, descending after a "-".

    Equal values keep the order of the names.
    """
    name = sort.removeprefix("-") or "name"

    def key(business: BusinessFigures) -> Any:
        value = getattr(business, name)
        if name == "name":
            return value.casefold()
        return LONG_AGO if value is None else value

    return sorted(businesses, key=key, reverse=sort.startswith("-"))


def format_age(moment: datetime | None) -> str:
    """Return an approximate time since `moment`, or its date if it is not recent.

    "" for None.
    """
    if moment is None:
        return ""
    past = timezone.now() - moment
    if past < timedelta(minutes=1):
        return _("just now")
    if past < RECENT:
        return _("%s ago") % timesince(moment, depth=1)
    return formats.date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


def _column_head(column: PlatformColumn, filters: dict[str, str]) -> dict[str, Any]:
    """Return the heading of a column: label, link, and sort order for `aria-sort`."""
    sort = filters["sort"] or "name"
    up, down = column.name, f"-{column.name}"
    first, second = (down, up) if column.is_number else (up, down)
    return {
        "name": column.name,
        "label": column.label,
        "is_number": column.is_number and column.name != "last_activity_at",
        "query": _query({**filters, "sort": second if sort == first else first}),
        "sorted": {up: "ascending", down: "descending"}.get(sort, ""),
    }


def _origin_name(metadata: dict[str, Any], names: dict[Any, str]) -> str:
    """Return the name of the business of the user who made the attempt.

    "" if it is Platform or no longer exists.
    """
    return names.get(parse_uuid(metadata.get("from_business_id")), "")


def _query(filters: dict[str, str]) -> str:
    return urlencode({name: value for name, value in filters.items() if value})
