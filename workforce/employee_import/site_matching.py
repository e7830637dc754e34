"""Matches the home sites of rows: by name, by code, or by both if they agree."""

from django.utils.translation import gettext as _

from automatehq.api.errors import Problem
from automatehq.text import fold
from workforce.models import Site

from .row_values import PersonRow


class Sites:
    """All sites, by name and by code. One query."""

    def __init__(self) -> None:
        self._by_name: dict[str, Site] = {}
        self._by_code: dict[str, Site] = {}
        for site in Site.objects.order_by("-site_name", "-id"):
            for table, text in (
                (self._by_name, site.site_name),
                (self._by_code, site.site_code),
            ):
                if text:
                    table.setdefault(fold(text), site)
                    table[text] = site

    def find(self, row: PersonRow) -> Site | None:
        """Return the site of a row, or None if the row names no site.

        For an unknown site, or two different sites, add an error to the row and return None too.
        """
        sites = set()
        for name, table in (
            ("site_name", self._by_name),
            ("site_code", self._by_code),
        ):
            text = row.values.get(name)
            if text is None:
                continue
            site = table.get(text) or table.get(fold(text))
            if site is None:
                row.errors.append(Problem("does_not_exist", _("Unknown site."), name))
            sites.add(site)
        if len(sites) > 1 and None not in sites:
            row.errors.append(
                Problem(
                    "two_sites",
                    _("The site name and the site code belong to two different sites."),
                    "site_code",
                )
            )
        return sites.pop() if len(sites) == 1 else None
