"""Viewsets whose rows always belong to the business in scope."""

from typing import Any, ClassVar, Generic, TypeVar

from django.db import models
from django.http import Http404
from rest_framework import mixins, viewsets

from automatehq.api.converters import InvalidPathValue
from automatehq.api.views import StrictRequestMixin

from .permissions import BelongsToBusiness

M = TypeVar("M", bound=models.Model)


class TenantGenericViewSet(StrictRequestMixin, viewsets.GenericViewSet[M], Generic[M]):
    """A viewset whose `get_queryset` cannot be overridden.

    Rows come from the model's manager. `refine_queryset()` filters them further.
    """

    permission_classes = [BelongsToBusiness]
    lookup_value_converter = "id"
    # The permission of list and retrieve, and that of create, update, partial_update and
    # destroy. The decorator `endpoint` declares the permission of another method.
    read_right: ClassVar[str | None] = None
    write_right: ClassVar[str | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("get_queryset", "get_object"):
            if name in cls.__dict__:
                raise TypeError(
                    f"{cls.__name__}.{name} must not be overridden. Override refine_queryset() to filter further."
                )

    def get_queryset(self) -> models.QuerySet[M]:
        queryset: Any = self.queryset  # type: ignore[arg-type]
        assert queryset is not None, f"{type(self).__name__} has no queryset"
        return self.refine_queryset(queryset.all())

    def refine_queryset(self, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        """Filter, annotate or prefetch the rows of the manager."""
        return queryset

    def get_object(self) -> M:
        """Return the row whose id is in the path.

        `automatehq.api.exception_handler` answers 404 for an unknown id and 400 for an
        invalid one, and records the access in the audit trail.
        """
        pk = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        if isinstance(pk, InvalidPathValue):
            raise Http404
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row


class TenantReadOnlyViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    TenantGenericViewSet[M],
    Generic[M],
):
    """A viewset that lists and reads the rows of the business in scope."""


class TenantViewSet(
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    TenantReadOnlyViewSet[M],
    Generic[M],
):
    """A viewset that lists, reads, creates and edits rows.

    Other changes are separate actions.
    """
