"""Status badges and icons of the admin: a colour, an icon and a word per status."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from django.contrib import admin
from django.db.models import Choices
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Value → (colour, icon). The words are the labels of the choices.
STATUS_BADGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "NEEDS_ASSIGNMENT": ("assign", "dashed"),
        "NEEDS_REVIEW": ("review", "half"),
        "APPROVED": ("approved", "done"),
        "REJECTED": ("rejected", "no"),
        "QUEUED": ("neutral", "clock"),
        "RUNNING": ("assign", "half"),
        "DONE": ("approved", "done"),
        "FAILED": ("rejected", "alert"),
        "ACTIVE": ("approved", "done"),
        "INACTIVE": ("neutral", "minus"),
    }
)
_UNKNOWN = ("neutral", "info")


def icon(name: str, extra: str = "") -> SafeString:
    """Return an icon of `icons.svg` in the text's colour, hidden from screen readers."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "",
        static("automatehq/icons.svg"),
        name,
    )


def badge(value: str, label: object) -> SafeString:
    """Return the badge of the status `value`, with the text `label`."""
    colour, mark = STATUS_BADGES.get(value, _UNKNOWN)
    return format_html(
        '<span class="badge {} status-{}">{}{}</span>',
        colour,
        value.lower(),
        icon(mark),
        label,
    )


def status_badge(choice: Choices) -> SafeString:
    """Return the badge of a status that is a choice of a model."""
    return badge(str(choice.value), choice.label)


def closed_month_badge() -> SafeString:
    """Return the badge of a closed month."""
    return format_html(
        ' {}<span class="visually-hidden">{}</span>',
        icon("lock", "text-faint"),
        _("closed month"),
    )


class HasStatus(Protocol):
    """A row that is active or not."""

    @property
    def is_active(self) -> bool: ...


def active_column(row: HasStatus) -> SafeString:
    """Render the list column that shows in a word whether a row `is_active`."""
    if row.is_active:
        return badge("ACTIVE", pgettext("status", "Active"))
    return badge("INACTIVE", _("Inactive"))


active_column.short_description = gettext_lazy("status")  # type: ignore[attr-defined]
active_column.admin_order_field = "is_active"  # type: ignore[attr-defined]


def boolean_column(
    field: str, label: "str | _StrPromise"
) -> Callable[[object], SafeString]:
    """Return a list column for the boolean `field`.

    Django's own column says True and False in every language.
    """

    @admin.display(description=label, ordering=field)
    def column(row: object) -> SafeString:
        is_true = getattr(row, field)
        return format_html(
            '{}<span class="visually-hidden">{}</span>',
            icon("done", "yes") if is_true else icon("minus", "text-faint"),
            _("yes") if is_true else _("no"),
        )

    column.__name__ = field
    return column
