"""The page `find/`: a search across all lists of the admin."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib.admin.utils import display_for_field, lookup_field
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .form_fields import LineFormField

# The columns after the first that distinguish the rows of each list.
SHOWN, COLUMNS = 5, 3
Q_LENGTH = 100
# The most searched lists come first.
FIRST = ("workforce.employee", "workcards.workcard", "workforce.site")


class SearchForm(forms.Form):
    q = LineFormField(
        label=gettext_lazy("Search everything"),
        max_length=Q_LENGTH,
        required=False,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "autocomplete": "off",
                "aria-keyshortcuts": "/",
                "data-search": True,
            }
        ),
    )


class SearchRow(NamedTuple):
    name: str
    told: SafeString
    url: str


class SearchResults(NamedTuple):
    """The results of a list: its first rows, whether more exist, and the address of all."""

    names: Any
    rows: list[SearchRow]
    has_more: bool
    url: str


def find(site: Any, request: HttpRequest) -> HttpResponse:
    """Show the search page; lists without permission are not searched."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    form = SearchForm(request.GET)
    q = form.cleaned_data["q"] if form.is_valid() else ""
    found = [*_found(site, request, q)] if q else []
    if not found:
        form.fields["q"].widget.attrs["autofocus"] = True
    context = {
        **site.each_context(request),
        "title": _("Find"),
        "form": form,
        "q": q,
        "found": found,
        "shown": sum(len(one.rows) for one in found),
        "has_more": any(one.has_more for one in found),
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/search.html", context, status=status)


def _found(site: Any, request: HttpRequest, q: str) -> Iterator[SearchResults]:
    """Yield the results of each list that the user may see. One query per list."""
    here = "platform" if _is_on_platform(request) else "business"
    for lister in sorted(site._registry.values(), key=_place):
        is_searched = here in lister.searchable_in and lister.get_search_fields(request)
        if not is_searched or not lister.has_view_or_change_permission(request):
            continue
        everything = lister.get_queryset(request)
        rows, _doubles = lister.get_search_results(request, everything, q)
        if first := list(rows[: SHOWN + 1]):
            yield SearchResults(
                lister.opts.verbose_name_plural,
                [_row(lister, request, row) for row in first[:SHOWN]],
                len(first) > SHOWN,
                f"{_url(lister, 'changelist')}?{urlencode({'q': q})}",
            )


def _is_on_platform(request: Any) -> bool:
    return request.business is None


def _place(lister: Any) -> int:
    label = lister.opts.label_lower
    return FIRST.index(label) if label in FIRST else len(FIRST)


def _row(lister: Any, request: HttpRequest, row: Any) -> SearchRow:
    columns = lister.get_list_display(request)[1 : COLUMNS + 1]
    told = [_value(lister, column, row) for column in columns]
    if _is_on_platform(request):
        told.append(getattr(row, "business", ""))
    nothing = ("", lister.get_empty_value_display())
    shown = [(value,) for value in told if value not in nothing]
    return SearchRow(
        str(row),
        format_html_join(" · ", "<bdi>{}</bdi>", shown),
        _url(lister, "change", row.pk),
    )


def _value(lister: Any, column: Any, row: Any) -> Any:
    """Return the value of a list's column."""
    field, _attribute, value = lookup_field(column, row, lister)
    return value if field is None else display_for_field(value, field, "")


def _url(lister: Any, page: str, *args: Any) -> str:
    opts = lister.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
