"""The cards before and after a card, in the user's previous list or in its month."""

import copy
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict

from businesses.tenancy.admin import TenantChangeList
from workcards.models import WorkCard
from workcards.transitions import ReviewStatus

from .review_context import Queue, queue_around

# Django's parameter with the query string of the previous list.
PRESERVED = "_changelist_filters"
QUERY_STRING_LENGTH = 2000
_STATUS = "review_status"


class _WithoutChoices(RelatedFieldListFilter):
    """A filter by a reference without choices: a queue does not show the menu."""

    def field_choices(self, *args: Any) -> list[Any]:
        return []

    def has_output(self) -> bool:
        return True


class QueueList(TenantChangeList):
    """A list of cards of which only the query is used: it is neither counted nor paged."""

    def get_filters(self, request: HttpRequest) -> Any:
        filters: list[Any] = [
            (name, _WithoutChoices) if self._is_reference(name) else name
            for name in self.list_filter
        ]
        self.list_filter = filters
        return super().get_filters(request)

    def _is_reference(self, name: Any) -> bool:
        return isinstance(name, str) and self.opts.get_field(name).is_relation

    def get_results(self, request: HttpRequest) -> None:
        """Do nothing."""


def queue_of(model_admin: Any, request: HttpRequest, card: WorkCard) -> Queue:
    """Return the queue around `card`, in the filter and order of the list in the request.

    The list is read as on its own page, in the scope of the request. If the list is missing or has an invalid filter,
    the queue is that of the card's month. A list that is not filtered by status is limited to its cards to review.
    One query besides those of the filters, two if the list does not contain the card.
    """
    rows = _rows_of(model_admin, request)
    if rows is None:
        return queue_around(card)
    listed = [*rows.values_list("pk", flat=True)]
    if card.pk in listed:
        return _queue_at(listed, listed.index(card.pk), is_listed=True)
    if not listed:
        return Queue(before=None, after=None, position=0, total=0, is_of_list=True)
    # The position that the card would have. It may have left the list, for example by being assigned.
    with_card = (
        model_admin.get_queryset(request)
        .filter(Q(pk=card.pk) | Q(pk__in=rows.order_by().values("pk")))
        .order_by(*rows.query.order_by)
        .values_list("pk", flat=True)
    )
    found = [*with_card]
    return _queue_at(found, found.index(card.pk), is_listed=False)


def _queue_at(found: Sequence[uuid.UUID], at: int, *, is_listed: bool) -> Queue:
    """Return the queue around the position `at`; the first card follows the last."""
    others = len(found) - 1
    return Queue(
        before=found[at - 1] if others else None,
        after=found[(at + 1) % len(found)] if others else None,
        position=at + 1 if is_listed else 0,
        total=len(found) if is_listed else others,
        is_of_list=True,
    )


def _rows_of(model_admin: Any, request: HttpRequest) -> QuerySet[WorkCard] | None:
    """Return the cards of the list in the request, or None if it is missing or invalid."""
    asked = request.GET.get(PRESERVED, "")
    if not asked or len(asked) > QUERY_STRING_LENGTH or "\x00" in asked:
        return None
    of_list: Any = copy.copy(request)
    try:
        of_list.GET = QueryDict(asked)
        of_list.method = "GET"
        of_list.changelist_class = QueueList
        page = model_admin.get_changelist_instance(of_list)
    except (IncorrectLookupParameters, SuspiciousOperation):
        return None
    rows: QuerySet[WorkCard] = page.queryset
    is_by_status = any(name.startswith(_STATUS) for name in of_list.GET)
    return (
        rows if is_by_status else rows.filter(review_status=ReviewStatus.NEEDS_REVIEW)
    )
