"""Side bar of the admin: its items and the links of a page.

`reports/side_bar.py` holds the table of items and passes it to the admin site.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from django.http import HttpRequest
from django.urls import get_resolver, reverse

Where = Literal["business", "platform", "both"]
# Returns counts for these names; a name without a count may be missing.
Counts = Callable[[Any, set[str]], dict[str, int]]


class NavItem(NamedTuple):
    """An item of the side bar.

    It is shown to users with `right` (None: to all), in the scopes of `where`, if the admin has the page named
    `page`. `counts` names the number beside it, `count_label` its text for screen readers. `kind` is its colour:
    pending cards stand out, sizes do not.
    """

    label: Any
    page: str
    icon: str
    right: str | None = None
    where: Where = "business"
    query: str = ""
    # Other pages that belong to this item.
    also: tuple[str, ...] = ()
    counts: str = ""
    count_label: Any = ""
    kind: str = "size"


class NavLink(NamedTuple):
    """A rendered item of the side bar.

    `current` is the value of `aria-current`, "" if the user is on another page.
    """

    label: Any
    url: str
    icon: str
    current: str
    number: int
    kind: str
    count_label: str


def navigation_links(
    request: HttpRequest, groups: Sequence[Sequence[NavItem]], counts: Counts
) -> list[list[NavLink]]:
    """Return the user's links on the requested page, by group. Calls `counts` once."""
    user: Any = request.user
    business = request.business  # type: ignore[attr-defined]
    current_scope: Where = "platform" if business is None else "business"
    allowed = [
        [
            item
            for item in group
            if item.where in (current_scope, "both")
            and (item.right is None or user.may(item.right))
            and _page_exists(item.page)
        ]
        for group in groups
    ]
    shown = [item for group in allowed for item in group]
    nearest = max(
        (_nearness(item, request), -place) for place, item in enumerate(shown)
    )
    current = shown[-nearest[1]] if nearest[0] > (0, 0) else None
    numbers = counts(request, {item.counts for item in shown if item.counts})
    return [
        [_link(item, request, numbers, is_current=item is current) for item in group]
        for group in allowed
        if group
    ]


def _link(
    item: NavItem, request: HttpRequest, counts: dict[str, int], *, is_current: bool
) -> NavLink:
    path = _path(item.page, request)
    count = counts.get(item.counts, 0) if item.counts else 0
    return NavLink(
        label=item.label,
        url=path + item.query,
        icon=item.icon,
        current=("page" if request.path == path else "true") if is_current else "",
        number=count,
        kind=item.kind,
        count_label=item.count_label % {"n": count} if count else "",
    )


def _nearness(item: NavItem, request: HttpRequest) -> tuple[int, bool]:
    """Return the rank of an item for the requested page; the highest is current.

    The rank is the number of covered characters of the path, then True if the item's filter is set.
    """
    pages = (item.page, *(page for page in item.also if _page_exists(page)))
    paths = [_path(page, request) for page in pages]
    is_itself = request.path in paths
    if item.page == "index":
        return (len(request.path), False) if is_itself else (0, False)
    # The first condition is the item's subject: Review also covers the review of a single month.
    is_filtered = item.query[1:].partition("&")[0] in request.GET.urlencode()
    if is_itself and not is_filtered:
        return (0, False)
    near = [len(path) for path in paths if request.path.startswith(path)]
    return (max(near, default=0), is_itself and bool(item.query))


def _path(page: str, request: Any) -> str:
    """Return the path of an admin page; the settings page exists only for the user's business."""
    args = [request.business.pk] if page == "businesses_business_change" else []
    return reverse(f"admin:{page}", args=args)


@cache
def _page_exists(page: str) -> bool:
    """Return True if the admin has a page of this name."""
    _prefix, admin_urls = get_resolver().namespace_dict["admin"]
    return page in admin_urls.reverse_dict
