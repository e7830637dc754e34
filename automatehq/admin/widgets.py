"""Widgets of the admin."""

from collections.abc import Sequence

from django.contrib.admin import widgets

from automatehq.api.converters import parse_uuid


class AutocompleteSelect(widgets.AutocompleteSelect):
    """A select element that searches its rows while the user types.

    Django's own widget raises an error on a value that is not a UUID, which a link or a changed form can hold.
    """

    def optgroups(
        self, name: str, value: Sequence[str], attrs: dict[str, object] | None = None
    ) -> list[tuple[str | None, list[dict[str, object]], int | None]]:
        known = [pk for pk in value if parse_uuid(pk)]
        return super().optgroups(name, known, attrs)
