"""The first layer: managers that filter every query by the business of the scope.

The filter is an expression that is resolved when SQL is compiled. A filter fixed when
the queryset is built would make a queryset that outlives its scope silently empty. A
form or filterset at module level would offer choices of another business.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, Self

from django.core.exceptions import FullResultSet
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Combinable, Expression, F
from django.db.models.sql.compiler import SQLCompiler

from .context import Scope, current_scope, get_current_business_id
from .exceptions import NoActiveBusiness, WrongBusiness


class CurrentBusinessLookup(Expression):
    """A condition that is true for the rows of the business in scope.

    In the platform scope it is true for every row. Without a scope, compiling it raises
    `NoActiveBusiness`.
    """

    conditional = True
    contains_aggregate = False

    def __init__(self, column: Combinable | None = None) -> None:
        super().__init__(output_field=models.BooleanField())
        self.column: Any = column or F("business_id")

    def get_source_expressions(self) -> list[Combinable]:
        return [self.column]

    def set_source_expressions(self, exprs: Sequence[Combinable]) -> None:
        (self.column,) = exprs

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        scope = current_scope(compiler.using or connection.alias)
        if scope.kind == "platform":
            raise FullResultSet
        sql, params = compiler.compile(self.column)
        condition, values = self.condition(sql, scope)
        return condition, (*params, *values)

    def condition(self, column: str, scope: Scope) -> tuple[str, tuple[str | int, ...]]:
        """Return SQL and parameters of the condition inside a business's scope."""
        return f"{column} = %s::uuid", (str(scope.business_id),)


class RequireScope(Expression):
    """A condition that is true for every row in any scope, for shared tables.

    Without a scope, compiling it raises `NoActiveBusiness`.
    """

    conditional = True
    contains_aggregate = False

    def __init__(self) -> None:
        super().__init__(output_field=models.BooleanField())

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        current_scope(compiler.using or connection.alias)
        raise FullResultSet


class ScopedQuerySet(models.QuerySet[Any]):
    """A queryset of rows that can be read in a scope only.

    All methods of the queryset keep the filter in the SQL.
    """

    def raw(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise `NoActiveBusiness`: the manager cannot filter SQL that it did not write."""
        raise NoActiveBusiness(
            "raw() can't be filtered by business; use a cursor inside a scope, where the database filters."
        )


class TenantQuerySet(ScopedQuerySet):
    """A queryset that writes rows of the business in scope only."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Create the rows in the business of the scope.

        Raises: `WrongBusiness` if a row belongs to another business.
        """
        objs = list(objs)
        business_id = get_current_business_id()
        for obj in objs:
            obj.enter_business(business_id)
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        """Update the rows in bulk; the business of a row cannot change.

        Raises: `DoesNotExist` if the business in scope lacks one of the rows,
        `WrongBusiness` if `fields` contain the business.
        """
        objs, fields = list(objs), list(fields)
        _reject_business_change(fields)
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

    def update(self, **kwargs: object) -> int:
        """Update the rows; the business of a row cannot change."""
        _reject_business_change(kwargs)
        get_current_business_id()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows. Raises `NoActiveBusiness` outside one business's scope."""
        get_current_business_id()
        return super().delete()


# `Manager.from_queryset` copies the methods of a queryset. `queryset_only` leaves
# `delete` out; Django sets it for its own `delete`, but not for an override.
TenantQuerySet.delete.queryset_only = True  # type: ignore[attr-defined]


def _reject_business_change(fields: Iterable[str]) -> None:
    if {"business", "business_id"} & set(fields):
        raise WrongBusiness("The business of a row cannot change.")


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """The manager of every tenant model, filtered by the business of the scope."""

    use_in_migrations = False

    @classmethod
    def of(cls, queryset_class: type[TenantQuerySet]) -> Self:
        """Return a manager with the same filter and the methods of `queryset_class`."""
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
