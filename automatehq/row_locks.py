"""Locks on rows."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404


def lock_or_404(queryset: QuerySet[Any], pk: object, *, no_key: bool = False) -> Any:
    """Return the row with this id, locked until the transaction ends.

    Raises: `Http404` if the queryset does not have it.
    """
    row = queryset.select_for_update(no_key=no_key).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
