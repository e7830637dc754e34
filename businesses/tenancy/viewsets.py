"""Viewsets whose rows are one business's, whatever their author forgets."""

from typing import Any, ClassVar, Generic, TypeVar

from django.db import models
from django.http import Http404
from rest_framework import mixins, viewsets

from automatehq.api.converters import InvalidPathValue
from automatehq.api.views import StrictRequestMixin

from .permissions import BelongsToBusiness

M = TypeVar("M", bound=models.Model)


class TenantGenericViewSet(StrictRequestMixin, viewsets.GenericViewSet[M], Generic[M]):
    """A viewset whose `get_queryset` can't be overridden: rows come from the model's manager, narrowed by `narrow()`."""

    permission_classes = [BelongsToBusiness]
    rights: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for sealed in ("get_queryset", "get_object"):
            if sealed in cls.__dict__:
                raise TypeError(
                    f"{cls.__name__}.{sealed} is sealed: override narrow() to filter further."
                )

    def get_queryset(self) -> models.QuerySet[M]:
        queryset: Any = self.queryset  # type: ignore[arg-type]
        assert queryset is not None, f"{type(self).__name__} has no queryset"
        return self.narrow(queryset.all())

    def narrow(self, queryset: models.QuerySet[M]) -> models.QuerySet[M]:
        """Filter further, annotate, prefetch; it can't widen."""
        return queryset

    def get_object(self) -> M:
        """The row named in the path: 404 if there is none here, 400 if the id is none at all.

        Which of the two, and the note for the trail, is the business of `automatehq.api.exception_handler`.
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
    """List and read the rows of the business in scope."""


class TenantViewSet(
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    TenantReadOnlyViewSet[M],
    Generic[M],
):
    """List, read, create and edit; what else can be done with a row is a verb of its own."""
