"""Pages of the admin's lists."""

from functools import cached_property

from django.core.paginator import Paginator


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than `MOST` rows, and has no page beyond them: of millions a list would take seconds to say how many.

    What lies beyond is found by filters, search and the other order.
    """

    MOST = 100_000

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by()[: self.MOST + 1].count()  # type: ignore[union-attr]

    @property
    def is_cut(self) -> bool:
        """True if there are more rows than were counted."""
        return self._counted > self.MOST

    @cached_property
    def count(self) -> int:  # type: ignore[override]
        return min(self._counted, self.MOST)
