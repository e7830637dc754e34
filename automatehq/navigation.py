"""The side bar of the workplace, in the order of the work: a table, of which everyone sees what their role may and what there is."""

from functools import cache
from typing import Any, Literal, NamedTuple

from django.db.models import Count
from django.http import HttpRequest
from django.urls import get_resolver, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from businesses.tenancy.admin import is_on_platform
from workcards.models import WorkCard
from workcards.states import ReviewStatus

Where = Literal["business", "platform", "both"]


class Entry(NamedTuple):
    """One line: shown to who has `right` (None: to everyone), `where` they work, once the admin has a page called `page`.

    `counts` is the status of the cards whose number stands beside it, and `said` what that number means.
    """

    label: Any
    page: str
    icon: str
    right: str | None = None
    where: Where = "business"
    query: str = ""
    # Pages that belong to it and lie elsewhere.
    also: tuple[str, ...] = ()
    counts: ReviewStatus | None = None
    said: Any = ""


WORK = (
    Entry(_("Home"), "index", "home", where="both"),
    Entry(_("Upload"), "workcards_workcard_upload", "upload", "cards.upload"),
    Entry(
        _("Review"),
        "workcards_workcard_changelist",
        "review",
        "cards.review",
        query="?review_status__exact=NEEDS_REVIEW",
        counts=ReviewStatus.NEEDS_REVIEW,
        said=ngettext_lazy("%(n)d card to review", "%(n)d cards to review", "n"),
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
        counts=ReviewStatus.NEEDS_ASSIGNMENT,
        said=ngettext_lazy("%(n)d card to assign", "%(n)d cards to assign", "n"),
    ),
    Entry(_("Employees"), "workforce_employee_changelist", "people", "employees.see"),
    Entry(
        _("Sites"),
        "workforce_site_changelist",
        "site",
        "sites.see",
        "both",
        also=("workforce_sitesettings_changelist",),
    ),
    Entry(_("Users"), "accounts_user_changelist", "user", "users.see", "both"),
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
    waiting: int
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
    counts = _counts(request) if any(entry.counts for entry in shown) else {}
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
        waiting=count,
        kind="assign" if entry.counts == ReviewStatus.NEEDS_ASSIGNMENT else "review",
        said=entry.said % {"n": count} if count else "",
    )


def _nearness(entry: Entry, request: HttpRequest) -> tuple[int, bool]:
    """How much of the page's address an entry accounts for, and whether its filter is set: the nearest is where one is."""
    pages = (entry.page, *(page for page in entry.also if _there_is(page)))
    paths = [_path(page, request) for page in pages]
    is_itself = request.path in paths
    if entry.page == "index":
        return (len(request.path), False) if is_itself else (0, False)
    is_filtered = entry.query[1:] in request.GET.urlencode()
    if is_itself and not is_filtered:
        return (0, False)
    near = [len(path) for path in paths if request.path.startswith(path)]
    return (max(near, default=0), is_itself and bool(entry.query))


def _path(page: str, request: Any) -> str:
    """Where a page is; one's own business is the only one that has a page here."""
    args = [request.business.pk] if page == "businesses_business_change" else []
    return reverse(f"admin:{page}", args=args)


def _counts(request: Any) -> dict[str, int]:
    """Of the cards that wait for somebody, how many wait for what; a page that has asked already leaves it in the request."""
    known: dict[str, int] | None = getattr(request, "waiting_cards", None)
    if known is not None:
        return known
    waiting = WorkCard.objects.pending().order_by().values("review_status")
    return dict(
        waiting.annotate(count=Count("pk")).values_list("review_status", "count")
    )


@cache
def _there_is(page: str) -> bool:
    """True if the admin has a page of this name."""
    _prefix, admin_urls = get_resolver().namespace_dict["admin"]
    return page in admin_urls.reverse_dict
