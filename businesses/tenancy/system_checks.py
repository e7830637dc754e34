"""System checks of the isolation, in the code and in the database.

Each message has a hint with the remedy. E001 to E009 check the code at every command.
E101 to W103 check the database, before the first step of `migrate` and in
`check --database default`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections, models
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from rest_framework.generics import GenericAPIView

from automatehq.api.declarations import right_of
from automatehq.api.routing import methods_of, url_patterns

from .allowlists import GLOBALLY_UNIQUE
from .constraints import TenantForeignKeyConstraint
from .database_roles import check_database_roles, setup_sql
from .grants import declarations
from .managers import TenantManager
from .models import TenantModel
from .permissions import BelongsToBusiness
from .verification import PSYCOPG_3, has_unapplied_migrations, verify_database
from .viewsets import TenantGenericViewSet

Model = type[models.Model]
AppConfigs = Sequence[AppConfig] | None
CheckMessages = Iterator[CheckMessage]


@register(Tags.models)
def check_models(
    app_configs: AppConfigs = None, **kwargs: object
) -> list[CheckMessage]:
    """Return errors of models that are undeclared or not isolated."""
    return [
        message
        for model in apps.get_models(include_auto_created=True)
        if app_configs is None or model._meta.app_config in app_configs
        for message in check_model(model)
    ]


def check_model(model: Model) -> CheckMessages:
    """Yield the errors of one model."""
    declaration = declarations().get(model._meta.db_table)
    if declaration is None:
        yield Error(
            f"{model._meta.label} is not declared as a tenant, shared or system table.",
            hint="Derive it from TenantModel, or declare its table in businesses/tenancy/grants.py.",
            obj=model,
            id="tenancy.E005",
        )
    yield from _relations(model)
    if _is_tenant(model) or (declaration and declaration.policies):
        yield from _uniqueness(model)
    if _is_tenant(model):
        yield from _manager(model)
        yield from _index(model)


def _manager(model: Model) -> CheckMessages:
    manager = model._default_manager
    if not isinstance(manager, TenantManager) or manager.name != "objects":
        yield Error(
            f"The default manager of {model._meta.label} is not a TenantManager called `objects`.",
            hint="Put `objects = TenantManager.of(…)` before every other manager.",
            obj=model,
            id="tenancy.E001",
        )


def _relations(model: Model) -> CheckMessages:
    composite = {
        (constraint.field, constraint.to.lower())
        for constraint in model._meta.constraints
        if isinstance(constraint, TenantForeignKeyConstraint)
    }
    for field in model._meta.local_fields:
        if not _refers_to_tenant_rows(field) or not issubclass(model, TenantModel):
            continue
        target = field.related_model._meta  # type: ignore[union-attr]
        if (field.name, target.label_lower) in composite:
            if not field.db_constraint:  # type: ignore[attr-defined]
                continue
        elif (
            target.label == settings.AUTH_USER_MODEL
            and field.null
            and field.remote_field.on_delete is models.SET_NULL  # type: ignore[union-attr]
        ):
            continue  # the row of a super-admin who acts for a business belongs to Platform
        yield Error(
            f"{model._meta.label}.{field.name} could refer to another business's {target.label}.",
            hint="Give the field db_constraint=False and the model a TenantForeignKeyConstraint; a reference to a user may "
            "instead be null=True, on_delete=SET_NULL.",
            obj=field,
            id="tenancy.E002",
        )
    for many in model._meta.local_many_to_many:
        through: Any = many.remote_field.through
        ends = (model, many.related_model)
        if any(_is_tenant(end) for end in ends) and not _is_tenant(through):
            yield Error(
                f"The rows that join {model._meta.label}.{many.name} belong to no business.",
                hint="Write the model between them yourself, as a TenantModel, and name it in `through`.",
                obj=many,
                id="tenancy.E006",
            )


def _is_tenant(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, TenantModel)


def _refers_to_tenant_rows(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.ForeignKey) and _is_tenant(field.related_model)


def _uniqueness(model: Model) -> CheckMessages:
    allowed = GLOBALLY_UNIQUE.get(model._meta.db_table, frozenset())
    for name, fields in _unique_sets(model):
        columns = tuple(model._meta.get_field(field).column for field in fields)  # type: ignore[union-attr]
        if "business_id" in columns or columns in allowed:
            continue
        yield Error(
            f"{model._meta.label} is unique across businesses by {name}.",
            hint='Begin it with "business", or declare its columns in businesses/tenancy/allowlists.py.',
            obj=model,
            id="tenancy.E003",
        )


def _unique_sets(model: Model) -> Iterator[tuple[str, Iterable[str]]]:
    for field in model._meta.local_fields:
        if field.unique and not field.primary_key:
            yield field.name, [field.name]
    for together in model._meta.unique_together:
        yield ", ".join(together), together
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            # A constraint over expressions has no fields, so it must always be declared
            # by name.
            yield constraint.name, constraint.fields


def _index(model: Model) -> CheckMessages:
    business = model._meta.get_field("business")
    leads = [
        *(index.fields[:1] for index in model._meta.indexes if not index.condition),
        *(
            list(constraint.fields[:1])
            for constraint in model._meta.constraints
            if isinstance(constraint, models.UniqueConstraint)
        ),
    ]
    if not business.db_index and ["business"] not in leads:  # type: ignore[union-attr]
        yield Error(
            f"No index of {model._meta.label} begins with its business.",
            hint='Add models.Index(fields=["business", …]).',
            obj=model,
            id="tenancy.E004",
        )


@register(Tags.urls)
def check_views(app_configs: AppConfigs = None, **kwargs: object) -> list[CheckMessage]:
    """Return errors of views: rows without a scope, methods without a permission."""
    callbacks: list[Any] = [pattern.callback for _path, pattern in url_patterns()]
    routed = [
        callback
        for callback in callbacks
        if isinstance(getattr(callback, "cls", None), type)
    ]
    return [
        *_unscoped({callback.cls for callback in routed}),
        *(
            message
            for callback in routed
            for message in _undeclared(callback.cls, methods_of(callback).values())
        ),
    ]


def _unscoped(views: Iterable[Any]) -> CheckMessages:
    for view in sorted(views, key=str):
        if (
            issubclass(view, GenericAPIView)
            and not issubclass(view, TenantGenericViewSet)
            and view.queryset is not None
            and _is_tenant(view.queryset.model)
        ):
            yield Error(
                f"{view.__module__}.{view.__name__} serves a business's rows and is not a TenantViewSet.",
                hint="Derive it from a class in businesses/tenancy/viewsets.py.",
                obj=view,
                id="tenancy.E007",
            )


def _undeclared(view: Any, methods: Iterable[str]) -> CheckMessages:
    if not any(
        issubclass(callback, BelongsToBusiness) for callback in view.permission_classes
    ):
        return
    for method in methods:
        if right_of(view, method) is None:
            yield Error(
                f"{view.__module__}.{view.__name__}.{method} has no permission.",
                hint="Declare it with @endpoint(right=…), or as read_right and write_right of the viewset.",
                obj=view,
                id="tenancy.E009",
            )


@register(Tags.compatibility)
def check_driver(
    app_configs: AppConfigs = None, **kwargs: object
) -> list[CheckMessage]:
    """Return an error if Django uses psycopg 3, which the project is not tested with."""
    if not is_psycopg3:
        return []
    problem, hint = PSYCOPG_3.rsplit(". ", 1)
    return [Error(f"{problem}.", hint=hint, id="tenancy.E008")]


@register(Tags.database)
def check_database(
    app_configs: AppConfigs = None,
    databases: Sequence[str] | None = None,
    **kwargs: object,
) -> list[CheckMessage]:
    """Return errors of the roles, and of the database once it is migrated."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        problems = check_database_roles(connection)
        if problems:
            messages.append(
                Error(
                    "The database is not ready for several businesses: "
                    + " ".join(problems),
                    hint="A database administrator must run this SQL (`manage.py tenancy_roles --sql` prints it too):\n\n"
                    + setup_sql(connection),
                    id="tenancy.E101",
                )
            )
        elif not has_unapplied_migrations(connection):
            proof = verify_database(connection)
            messages += [
                Error(fault, hint=_PROOF_HINT, id="tenancy.E102")
                for fault in proof.differences
            ]
            messages += [
                CheckWarning(fault, hint=_GRANTS_HINT, id="tenancy.W103")
                for fault in proof.table_grants
            ]
    return messages


_PROOF_HINT = "`manage.py tenancy_proof` repeats the check. See docs/operations.md."
# A warning, because an error would stop `migrate`, which repairs it.
_GRANTS_HINT = "`manage.py migrate` sets the grants again."
