"""The queue of cards to review: the cards before and after a card."""

import copy
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict

from businesses.tenancy.admin import TenantAdmin, TenantChangeList
from workcards.models import WorkCard
from workcards.transitions import ReviewStatus

# Django's parameter with the query string of the previous list.
PRESERVED = "_changelist_filters"
QUERY_STRING_LENGTH = 2000
_STATUS = "review_status"


@dataclass(frozen=True, kw_only=True)
class ReviewQueue:
    """The cards before and after a card, in its month's queue or in a filtered list.

    `is_from_list` is True for a filtered list.
    """

    previous_id: uuid.UUID | None
    next_id: uuid.UUID | None
    position: int
    total: int
    is_from_list: bool = False


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


def review_queue(
    model_admin: TenantAdmin[WorkCard], request: HttpRequest, card: WorkCard
) -> ReviewQueue:
    """Return the queue around `card`, in the filter and order of the list in the request.

    The list is read as on its own page, in the scope of the request. If the list is missing or has an invalid filter,
    the queue is that of the card's month. A list that is not filtered by status is limited to its cards to review.
    One query besides those of the filters, two if the list does not contain the card.
    """
    rows = _listed_cards(model_admin, request)
    if rows is None:
        return _month_queue(card)
    listed = [*rows.values_list("pk", flat=True)]
    if card.pk in listed:
        return _queue_at(listed, listed.index(card.pk), is_listed=True)
    if not listed:
        return ReviewQueue(
            previous_id=None, next_id=None, position=0, total=0, is_from_list=True
        )
    # The position that the card would have. It may have left the list, for example by being assigned.
    with_card = (
        model_admin.get_queryset(request)
        .filter(Q(pk=card.pk) | Q(pk__in=rows.order_by().values("pk")))
        .order_by(*rows.query.order_by)
        .values_list("pk", flat=True)
    )
    ids = [*with_card]
    return _queue_at(ids, ids.index(card.pk), is_listed=False)


def _queue_at(ids: Sequence[uuid.UUID], index: int, *, is_listed: bool) -> ReviewQueue:
    """Return the queue around the card at `index`; the first card follows the last."""
    others = len(ids) - 1
    return ReviewQueue(
        previous_id=ids[index - 1] if others else None,
        next_id=ids[(index + 1) % len(ids)] if others else None,
        position=index + 1 if is_listed else 0,
        total=len(ids) if is_listed else others,
        is_from_list=True,
    )


def _month_queue(card: WorkCard) -> ReviewQueue:
    """Return the card's position among its month's cards to review; one query.

    The first card follows the last, so that the reviewer returns to skipped cards.
    """
    waiting = list(
        WorkCard.objects.for_month(card.processing_month)
        .with_status(ReviewStatus.NEEDS_REVIEW)
        .order_by("-created_at", "-id")
        .values_list("created_at", "pk")
    )
    key = (card.created_at, card.pk)
    newer = [other[1] for other in waiting if other > key]
    older = [other[1] for other in waiting if other < key]
    is_waiting = len(newer) + len(older) < len(waiting)
    return ReviewQueue(
        previous_id=(newer or older or [None])[-1],
        next_id=(older or newer or [None])[0],
        position=len(newer) + 1 if is_waiting else 0,
        total=len(waiting),
    )


def _listed_cards(
    model_admin: TenantAdmin[WorkCard], request: HttpRequest
) -> QuerySet[WorkCard] | None:
    """Return the cards of the list in the request, or None if it is missing or invalid."""
    query = request.GET.get(PRESERVED, "")
    if not query or len(query) > QUERY_STRING_LENGTH or "\x00" in query:
        return None
    list_request: Any = copy.copy(request)
    try:
        list_request.GET = QueryDict(query)
        list_request.method = "GET"
        list_request.changelist_class = QueueList
        changelist = model_admin.get_changelist_instance(list_request)
    except (IncorrectLookupParameters, SuspiciousOperation):
        return None
    rows: QuerySet[WorkCard] = changelist.queryset
    is_by_status = any(name.startswith(_STATUS) for name in list_request.GET)
    return (
        rows if is_by_status else rows.filter(review_status=ReviewStatus.NEEDS_REVIEW)
    )
