"""The page `find/`: a search across all lists of the admin."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib.admin import AdminSite
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
    description: SafeString
    url: str


class SearchResults(NamedTuple):
    """The results of a list: its first rows, whether more exist, and the address of all."""

    names: Any
    rows: list[SearchRow]
    has_more: bool
    url: str


def search_view(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show the search page; lists without permission are not searched."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    form = SearchForm(request.GET)
    q = form.cleaned_data["q"] if form.is_valid() else ""
    results = [*_search_lists(site, request, q)] if q else []
    if not results:
        form.fields["q"].widget.attrs["autofocus"] = True
    context = {
        **site.each_context(request),
        "title": _("Find"),
        "form": form,
        "q": q,
        "results": results,
        "shown": sum(len(result.rows) for result in results),
        "has_more": any(result.has_more for result in results),
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/search.html", context, status=status)


def _search_lists(site: Any, request: HttpRequest, q: str) -> Iterator[SearchResults]:
    """Yield the results of each list that the user may see. One query per list."""
    scope = "platform" if _is_on_platform(request) else "business"
    for model_admin in sorted(site._registry.values(), key=_sort_key):
        is_searched = (
            scope in model_admin.searchable_in
            and model_admin.get_search_fields(request)
        )
        if not is_searched or not model_admin.has_view_or_change_permission(request):
            continue
        everything = model_admin.get_queryset(request)
        rows, _doubles = model_admin.get_search_results(request, everything, q)
        if first_rows := list(rows[: SHOWN + 1]):
            yield SearchResults(
                model_admin.opts.verbose_name_plural,
                [_row(model_admin, request, row) for row in first_rows[:SHOWN]],
                len(first_rows) > SHOWN,
                f"{_url(model_admin, 'changelist')}?{urlencode({'q': q})}",
            )


def _is_on_platform(request: Any) -> bool:
    return request.business is None


def _sort_key(model_admin: Any) -> int:
    label = model_admin.opts.label_lower
    return FIRST.index(label) if label in FIRST else len(FIRST)


def _row(model_admin: Any, request: HttpRequest, row: Any) -> SearchRow:
    columns = model_admin.get_list_display(request)[1 : COLUMNS + 1]
    description = [_value(model_admin, column, row) for column in columns]
    if _is_on_platform(request):
        description.append(getattr(row, "business", ""))
    nothing = ("", model_admin.get_empty_value_display())
    shown = [(value,) for value in description if value not in nothing]
    return SearchRow(
        str(row),
        format_html_join(" · ", "<bdi>{}</bdi>", shown),
        _url(model_admin, "change", row.pk),
    )


def _value(model_admin: Any, column: Any, row: Any) -> Any:
    """Return the value of a list's column."""
    field, _attribute, value = lookup_field(column, row, model_admin)
    return value if field is None else display_for_field(value, field, "")


def _url(model_admin: Any, page: str, *args: Any) -> str:
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
