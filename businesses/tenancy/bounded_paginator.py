"""The paginator of the admin's lists."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator that counts at most `MAX_COUNT` rows and has no page beyond them.

    Counting millions of rows would take seconds for each list. Users find further rows
    with filters, search and the reverse order.
    """

    MAX_COUNT = 100_000

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.MAX_COUNT + 1].count())

    @property
    def is_truncated(self) -> bool:
        """Return True if there are more rows than were counted."""
        return self._counted > self.MAX_COUNT

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.MAX_COUNT)
