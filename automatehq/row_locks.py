"""Locks on rows."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

_Row = TypeVar("_Row", bound=Model)


def lock_or_404(queryset: QuerySet[_Row], pk: object, *, no_key: bool = False) -> _Row:
    """Return the row with this id, locked until the transaction ends.

    Raises: `Http404` if the queryset does not have it.
    """
    row = queryset.select_for_update(no_key=no_key).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
