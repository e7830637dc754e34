"""The first lock: every query through a tenant model's manager is filtered by the business of the scope.

The filter is an expression that is resolved when SQL is compiled. A filter fixed when the queryset is built would make a
queryset that outlives its scope silently empty, and a form or filterset at module level carry another business's choices.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.core.exceptions import FullResultSet
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Combinable, Expression, F
from django.db.models.sql.compiler import SQLCompiler

from .context import Scope, current_scope, get_current_business_id
from .exceptions import NoActiveBusiness, WrongBusiness


class CurrentBusinessLookup(Expression):
    """True for the rows of the business in scope, for every row in the platform's; raises `NoActiveBusiness` with none."""

    conditional = True
    contains_aggregate = False

    def __init__(self, column: Combinable | None = None) -> None:
        super().__init__(output_field=models.BooleanField())
        self.column: Any = column or F("business_id")

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        (self.column,) = exprs

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        scope = current_scope(compiler.using or connection.alias)
        if scope.kind == "platform":
            raise FullResultSet
        sql, params = compiler.compile(self.column)
        condition, values = self.condition(sql, scope)
        return condition, (*params, *values)

    def condition(self, column: str, scope: Scope) -> tuple[str, tuple[Any, ...]]:
        """What holds, in a business's scope, for the rows that it may see."""
        return f"{column} = %s::uuid", (str(scope.business_id),)


class RequireScope(Expression):
    """True for every row, in any scope; raises `NoActiveBusiness` with none. For tables that all businesses share."""

    conditional = True
    contains_aggregate = False

    def __init__(self) -> None:
        super().__init__(output_field=models.BooleanField())

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        current_scope(compiler.using or connection.alias)
        raise FullResultSet


class ScopedQuerySet(models.QuerySet[Any]):
    """A queryset of rows that are seen in a scope only; whichever way it is asked, the filter is in the SQL."""

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: the manager can't filter SQL it did not write."""
        raise NoActiveBusiness(
            "raw() can't be filtered by business; use a cursor inside a scope, where the database filters."
        )


class TenantQuerySet(ScopedQuerySet):
    """A queryset that writes to the business in scope and to no other."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's; each row takes the scope's business, and one of another raises `WrongBusiness`."""
        objs = list(objs)
        business_id = get_current_business_id()
        for obj in objs:
            obj.enter_business(business_id)
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        """As Django's; a row's business can't be changed, and `DoesNotExist` if the business in scope lacks one of them."""
        objs, fields = list(objs), list(fields)
        _refuse_business(fields)
        business_id = get_current_business_id()
        for obj in objs:
            obj.enter_business(business_id)
        with transaction.atomic(using=self.db):
            updated = super().bulk_update(objs, fields, *args, **kwargs)
            if updated < len({obj.pk for obj in objs}):
                raise self.model.DoesNotExist(
                    f"Not every {self.model._meta.verbose_name} of these is this business's."
                )
        return updated

    def update(self, **kwargs: Any) -> int:
        """As Django's; a row's business can't be changed."""
        _refuse_business(kwargs)
        get_current_business_id()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, inside one business's scope only."""
        get_current_business_id()
        return super().delete()


# `Manager.from_queryset` copies the methods of a queryset; `delete` and `raw` need saying so.
TenantQuerySet.delete.queryset_only = True  # type: ignore[attr-defined]


def _refuse_business(fields: Iterable[str]) -> None:
    if {"business", "business_id"} & set(fields):
        raise WrongBusiness("A row never changes its business.")


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """The manager of every tenant model, filtered by the scope's business."""

    use_in_migrations = False

    @classmethod
    def of(cls, queryset_class: type[TenantQuerySet]) -> Self:
        """A manager that is filtered likewise and also answers the questions of `queryset_class`."""
        if not issubclass(queryset_class, TenantQuerySet):
            raise TypeError(f"{queryset_class.__name__} must be a TenantQuerySet.")
        manager: Self = cls.from_queryset(
            queryset_class, f"{queryset_class.__name__}Manager"
        )()
        return manager

    def get_queryset(self) -> TenantQuerySet:
        queryset: TenantQuerySet = (
            super().get_queryset().filter(CurrentBusinessLookup())
        )
        return queryset
