"""Template tags and filters of the admin site."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from automatehq.admin import badges

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    return badges.icon(name, extra)


@register.simple_tag
def status(row: object, field: str = "review_status") -> SafeString:
    """Return the badge of a row's status."""
    label = getattr(row, f"get_{field}_display")()
    return badges.badge(getattr(row, field), label)


@register.filter
def initials(name: str) -> str:
    """Return at most two initials of a name: "Miriam Shaked" → "MS"."""
    words = str(name).split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def with_column_labels(
    cells: list[SafeString], headers: list[dict[str, str]]
) -> list[SafeString]:
    """Add the column's label to each cell of a row: phones show no column headers."""
    return [
        mark_safe(  # noqa: S308 -- Django's own cell, and an escaped label
            cell.replace(
                "<td", format_html('<td data-label="{}"', capfirst(header["text"])), 1
            )
        )
        if str(cell).startswith("<td") and "action-checkbox" not in cell[:40]
        else cell
        for cell, header in zip(cells, headers, strict=True)
    ]


@register.filter
def selected_choice(choices: list[dict[str, object]]) -> str:
    """Return the current choice of a list filter, or "" for its first choice, all."""
    return next(
        (str(choice["display"]) for choice in choices[1:] if choice["selected"]), ""
    )
