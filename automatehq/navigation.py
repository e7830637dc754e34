"""The side bar of the workplace, in the order of the work: a table, of which everyone sees what their role may and what there is."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.urls import get_resolver, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from businesses.models import Business
from businesses.tenancy.admin import is_on_platform
from workcards.models import WorkCard
from workcards.states import ReviewStatus
from workforce.models import Employee

Where = Literal["business", "platform", "both"]


class Entry(NamedTuple):
    """One line: shown to who has `right` (None: to everyone), `where` they work, once the admin has a page called `page`.

    `counts` names the figure that stands beside it, and `said` what that number means. `kind` is its colour: cards that wait
    are loud, sizes are not.
    """

    label: Any
    page: str
    icon: str
    right: str | None = None
    where: Where = "business"
    query: str = ""
    # Pages that belong to it and lie elsewhere.
    also: tuple[str, ...] = ()
    counts: str = ""
    said: Any = ""
    kind: str = "size"


WORK = (
    Entry(_("Home"), "index", "home", where="both"),
    Entry(_("Upload"), "workcards_workcard_upload", "upload", "cards.upload"),
    Entry(
        _("Review"),
        "workcards_workcard_changelist",
        "review",
        "cards.review",
        query="?review_status__exact=NEEDS_REVIEW&month=open",
        counts="to_review",
        said=ngettext_lazy("%(n)d card to review", "%(n)d cards to review", "n"),
        kind="review",
    ),
    Entry(
        _("Month"),
        "month",
        "month",
        "matrix.see",
        also=("workcards_closedmonth_changelist", "missing_cards"),
    ),
    Entry(_("Exports"), "exports_exportrun_changelist", "export", "exports.see"),
    Entry(
        _("Businesses"),
        "businesses_business_changelist",
        "site",
        "businesses.manage",
        "platform",
    ),
    Entry(_("Act as"), "act_as", "shield", "platform.act_as", "platform"),
)
RECORDS = (
    Entry(
        _("Work cards"),
        "workcards_workcard_changelist",
        "file",
        "cards.see",
        counts="to_assign",
        said=ngettext_lazy("%(n)d card to assign", "%(n)d cards to assign", "n"),
        kind="assign",
    ),
    Entry(
        _("Employees"),
        "workforce_employee_changelist",
        "people",
        "employees.see",
        counts="active_employees",
        said=ngettext_lazy("%(n)d active employee", "%(n)d active employees", "n"),
    ),
    Entry(
        _("Sites"),
        "workforce_site_changelist",
        "site",
        "sites.see",
        "both",
        also=("workforce_sitesettings_changelist",),
        counts="staffed_sites",
        said=ngettext_lazy(
            "%(n)d site with employees", "%(n)d sites with employees", "n"
        ),
    ),
    Entry(
        _("Users"),
        "accounts_user_changelist",
        "user",
        "users.see",
        "both",
        counts="active_users",
        said=ngettext_lazy("%(n)d active user", "%(n)d active users", "n"),
    ),
    Entry(
        _("Audit"),
        "audit_auditevent_changelist",
        "audit",
        "audit.see_cards_and_employees",
        "both",
    ),
    Entry(
        _("Settings"),
        "businesses_business_change",
        "settings",
        "businesses.edit",
        also=("exports_exportprofile_changelist",),
    ),
)


class Link(NamedTuple):
    """An entry as it is drawn: `current` is what `aria-current` says, "" where one is elsewhere."""

    label: Any
    url: str
    icon: str
    current: str
    figure: int
    kind: str
    said: str


def navigation_of(request: HttpRequest) -> list[list[Link]]:
    """The side bar of this person on this page, in its groups; at most one query, for all the counts."""
    user: Any = request.user
    here: Where = "platform" if is_on_platform() else "business"
    groups = [
        [
            entry
            for entry in group
            if entry.where in (here, "both")
            and (entry.right is None or user.may(entry.right))
            and _there_is(entry.page)
        ]
        for group in (WORK, RECORDS)
    ]
    shown = [entry for group in groups for entry in group]
    nearest = max(
        (_nearness(entry, request), -place) for place, entry in enumerate(shown)
    )
    current = shown[-nearest[1]] if nearest[0] > (0, 0) else None
    counts = _counts(request, {entry.counts for entry in shown if entry.counts})
    return [
        [_link(entry, request, counts, is_current=entry is current) for entry in group]
        for group in groups
        if group
    ]


def _link(
    entry: Entry, request: HttpRequest, counts: dict[str, int], *, is_current: bool
) -> Link:
    path = _path(entry.page, request)
    count = counts.get(entry.counts, 0) if entry.counts else 0
    return Link(
        label=entry.label,
        url=path + entry.query,
        icon=entry.icon,
        current=("page" if request.path == path else "true") if is_current else "",
        figure=count,
        kind=entry.kind,
        said=entry.said % {"n": count} if count else "",
    )


def _nearness(entry: Entry, request: HttpRequest) -> tuple[int, bool]:
    """How much of the page's address an entry accounts for, and whether its filter is set: the nearest is where one is."""
    pages = (entry.page, *(page for page in entry.also if _there_is(page)))
    paths = [_path(page, request) for page in pages]
    is_itself = request.path in paths
    if entry.page == "index":
        return (len(request.path), False) if is_itself else (0, False)
    # The first condition is what an entry is about: Review is also the review of one month.
    is_filtered = entry.query[1:].partition("&")[0] in request.GET.urlencode()
    if is_itself and not is_filtered:
        return (0, False)
    near = [len(path) for path in paths if request.path.startswith(path)]
    return (max(near, default=0), is_itself and bool(entry.query))


def _path(page: str, request: Any) -> str:
    """Where a page is; one's own business is the only one that has a page here."""
    args = [request.business.pk] if page == "businesses_business_change" else []
    return reverse(f"admin:{page}", args=args)


_SIZES = ("active_employees", "staffed_sites", "active_users")
# Read together: a look at the cards finds both.
_WAITING = {
    "to_review": ReviewStatus.NEEDS_REVIEW,
    "to_assign": ReviewStatus.NEEDS_ASSIGNMENT,
}


def figures() -> dict[str, Any]:
    """All that stands beside the entries, to be read beside a row of a business by a page that reads one anyway: see `told`."""
    waiting = {
        name: Count("pk", filter=Q(review_status=status))
        for name, status in _WAITING.items()
    }
    cards = _all_of(WorkCard.objects.pending().in_open_months())
    return {
        "waiting_cards": Subquery(
            cards.annotate(figure=JSONObject(**waiting)).values("figure")
        ),
        "active_employees": _count_of(Employee.objects.active()),
        # Of one's own: how many sites there are would tell each business, on every page, what the others add.
        "staffed_sites": _count_of(
            Employee.objects.active(), Count("site", distinct=True)
        ),
        "active_users": _count_of(User.objects.active()),
    }


def told(found: Mapping[str, Any]) -> dict[str, int]:
    """What was read by `figures`, under the names that the entries know; what else was found is left out."""
    sizes = {name: found[name] for name in _SIZES if name in found}
    return {**(found.get("waiting_cards") or {}), **sizes}


def _count_of(rows: Any, of: Count | None = None) -> Coalesce:
    """How many of `rows` the scope has, or of what else in them."""
    counted = _all_of(rows).annotate(figure=of or Count("pk")).values("figure")
    return Coalesce(Subquery(counted), 0)


def _all_of(rows: Any) -> Any:
    """`rows` as one group."""
    return rows.order_by().values(all=Value(1))


def _counts(request: Any, wanted: set[str]) -> dict[str, int]:
    """The figures of the business at hand, in one query; a page that has read them already leaves them in the request.

    On the platform none: what there is stands on its first page.
    """
    known: dict[str, int] | None = getattr(request, "side_bar_figures", None)
    if known is not None or not wanted or request.business is None:
        return known or {}
    if wanted & _WAITING.keys():
        wanted = wanted | {"waiting_cards"}
    asked = {name: figure for name, figure in figures().items() if name in wanted}
    row = Business.objects.filter(pk=request.business.pk).order_by()
    return told(row.annotate(**asked).values(*asked).first() or {})


@cache
def _there_is(page: str) -> bool:
    """True if the admin has a page of this name."""
    _prefix, admin_urls = get_resolver().namespace_dict["admin"]
    return page in admin_urls.reverse_dict
