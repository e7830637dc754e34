"""Migration operations of tenancy. All are reversible."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import RunPython
from django.db.migrations.state import ProjectState

from .database_roles import (
    check_database_roles,
    public_access_sql,
    quote_identifier,
    setup_sql,
)
from .definer_functions import (
    DEFINER_FUNCTIONS,
    EARLIER_FUNCTIONS,
    create_definer_functions,
    drop_definer_functions,
)
from .policies import POLICY_SETS, Policy
from .rollback_guard import require_single_business, without_forced_rls


class _TenancyOperation(Operation):
    """An operation that changes the database but not the state of the models."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass


class RequireDatabaseRoles(_TenancyOperation):
    """A check that both group roles exist for the login.

    Without them the migration stops and prints the SQL that creates them. The operation
    also revokes the access of all other logins to the database.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        connection = schema_editor.connection
        problems = check_database_roles(connection)
        if problems:
            raise ImproperlyConfigured(
                "The database is not ready for several businesses:\n"
                + "\n".join(f"  - {sentence}" for sentence in problems)
                + "\nA database administrator must run this SQL (manage.py tenancy_roles --sql prints it too):\n\n"
                + setup_sql(connection)
            )
        schema_editor.execute(public_access_sql(connection, is_open=False))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        schema_editor.execute(public_access_sql(schema_editor.connection, is_open=True))

    def describe(self) -> str:
        return "Require the database's two group roles"


class IsolateTenantTable(_TenancyOperation):
    """Enabled and forced row-level security on a model's table.

    `policies` is the name of a declared set of policies.

    Foreign keys to and from a table with rows must be created before this operation,
    and removed after it on the way back. To validate a foreign key PostgreSQL reads
    both tables as their owner. Under FORCE the owner reads no rows, so valid references
    would count as broken, or broken references as valid.
    """

    def __init__(self, model_name: str, policies: str = "tenant") -> None:
        self.model_name = model_name
        self.policies = policies

    def _table(self, app_label: str, state: ProjectState) -> str:
        table: str = state.apps.get_model(app_label, self.model_name)._meta.db_table
        return table

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._table(app_label, to_state)
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute(
            f"ALTER TABLE {quote_identifier(table)} ENABLE ROW LEVEL SECURITY"
        )
        schema_editor.execute(
            f"ALTER TABLE {quote_identifier(table)} FORCE ROW LEVEL SECURITY"
        )
        for policy in POLICY_SETS[self.policies]:
            schema_editor.execute(policy.create_sql(table), params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._table(app_label, from_state)
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for policy in POLICY_SETS[self.policies]:
            schema_editor.execute(policy.drop_sql(table), params=None)
        schema_editor.execute(
            f"ALTER TABLE {quote_identifier(table)} NO FORCE ROW LEVEL SECURITY"
        )
        schema_editor.execute(
            f"ALTER TABLE {quote_identifier(table)} DISABLE ROW LEVEL SECURITY"
        )

    def describe(self) -> str:
        return f"Row-level security on {self.model_name}"


class ShareTable(IsolateTenantTable):
    """Row-level security for a table that all businesses read and a row's steward edits."""

    def __init__(self, model_name: str) -> None:
        super().__init__(model_name, "shared")

    def describe(self) -> str:
        return f"Share {self.model_name} among all businesses"


def _reword(policy: Policy, reword: Callable[[str], str]) -> Policy:
    return replace(policy, using=reword(policy.using), check=reword(policy.check))


class RewordPolicies(_TenancyOperation):
    """New wording of policies with an unchanged meaning.

    On the way back each expression becomes `before(expression)`. Like
    `IsolateTenantTable`, it uses the declarations of the day on which it runs. A policy
    that `before` does not change is left alone. `tables` maps the name of a set of
    policies to the models whose tables have it, as "app.Model".
    """

    def __init__(
        self, tables: Mapping[str, Sequence[str]], before: Callable[[str], str]
    ) -> None:
        self.tables = tables
        self.before = before

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._alter(schema_editor, to_state, lambda expression: expression)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._alter(schema_editor, from_state, self.before)

    def _alter(
        self,
        schema_editor: BaseDatabaseSchemaEditor,
        state: ProjectState,
        reword: Callable[[str], str],
    ) -> None:
        for policies, labels in self.tables.items():
            for label in labels:
                table = state.apps.get_model(label)._meta.db_table
                for policy in POLICY_SETS[policies]:
                    if _reword(policy, self.before) != policy:
                        sql = _reword(policy, reword).alter_sql(table)
                        schema_editor.execute(sql, params=None)

    def describe(self) -> str:
        return "Reword policies"


class DropKeyIndex(Operation):
    """Removal of a foreign key's own index where other indexes serve its queries.

    The field has `db_index=False` afterwards. `AlterField` would drop and recreate the
    foreign key, and its validation would check no row, because FORCE hides them.
    Dropping an index takes a moment. Creating it again on the way back blocks writes
    while PostgreSQL reads the table.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        field = state.models[app_label, self.model_name.lower()].fields[self.name]
        field = field.clone()
        field.db_index = False
        state.alter_field(
            app_label, self.model_name.lower(), self.name, field, preserve_default=True
        )

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        column = model._meta.get_field(self.name).column
        editor: Any = schema_editor  # its methods for indexes are private
        name = editor._create_index_name(model._meta.db_table, [column])
        editor.execute(editor._delete_index_sql(model, name))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        fields = [model._meta.get_field(self.name)]
        editor: Any = schema_editor  # its methods for indexes are private
        editor.execute(editor._create_index_sql(model, fields=fields))

    def describe(self) -> str:
        return f"Drop the index of {self.model_name}'s key {self.name}"


class CreateDefinerFunctions(_TenancyOperation):
    """Creation of the named SECURITY DEFINER functions, owned by the platform role.

    A function that a later migration replaces gets its definition of before.
    """

    reduces_to_sql = False  # The SQL depends on the login.

    def __init__(self, *names: str) -> None:
        self.names = names or ("login_lookup",)

    def deconstruct(self) -> tuple[str, list[str], dict[str, object]]:
        return type(self).__name__, list(self.names), {}

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        create_definer_functions(schema_editor.connection, self._functions())

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        drop_definer_functions(schema_editor.connection, self._functions())

    def _functions(self) -> dict[str, tuple[str, str, str]]:
        declared = {**DEFINER_FUNCTIONS, **EARLIER_FUNCTIONS}
        return {name: declared[name] for name in self.names}

    def describe(self) -> str:
        return f"Create the functions {', '.join(self.names)}"


class ReplaceDefinerFunctions(_TenancyOperation):
    """Replacement of SECURITY DEFINER functions by others, or by other definitions.

    `before` and `after` are name → (arguments, result, body).
    """

    reduces_to_sql = False  # The SQL depends on the login.

    def __init__(
        self,
        before: Mapping[str, tuple[str, str, str]],
        after: Mapping[str, tuple[str, str, str]],
    ) -> None:
        self.before = before
        self.after = after

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        drop_definer_functions(schema_editor.connection, self.before)
        create_definer_functions(schema_editor.connection, self.after)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        drop_definer_functions(schema_editor.connection, self.after)
        create_definer_functions(schema_editor.connection, self.before)

    def describe(self) -> str:
        return f"Create the functions {', '.join(self.after)}"


class TenantRunPython(RunPython):
    """`RunPython` over isolated tables, listed as "app.Model" in `models`.

    Under forced row-level security a plain `RunPython` runs outside any scope and
    silently updates no row. This operation lifts FORCE for the owner while `code` runs,
    in the same transaction. Constraints are checked before it returns.
    """

    def __init__(
        self,
        code: Callable[..., Any],
        reverse_code: Callable[..., Any] | None = None,
        *,
        models: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(code, reverse_code, **kwargs)
        self.models = tuple(models)

    def deconstruct(self) -> tuple[str, Sequence[object], dict[str, object]]:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "models": self.models}

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        with without_forced_rls(schema_editor.connection, self._tables(from_state)):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        with without_forced_rls(schema_editor.connection, self._tables(from_state)):
            super().database_backwards(app_label, schema_editor, from_state, to_state)

    def _tables(self, state: ProjectState) -> list[str]:
        return [state.apps.get_model(label)._meta.db_table for label in self.models]


class RefuseToMerge(_TenancyOperation):
    """A check on the way back that at most one business has rows.

    Forwards it does nothing. Backwards it raises `MultipleBusinessesError` rather than
    merge several businesses into one company. It must be the last operation of its
    migration. `migrate` checks the whole plan before its first step
    (`reject_merging_plan`), because later migrations may already be undone when this
    operation runs.
    """

    reduces_to_sql = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        pass

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        require_single_business(schema_editor.connection)

    def describe(self) -> str:
        return "Reject going back while several businesses have rows"


def reject_merging_plan(plan: Iterable[tuple[Migration, bool]], using: str) -> None:
    """Raise `MultipleBusinessesError` if the plan would merge several businesses.

    A plan does so if it undoes tenancy while several businesses have rows.
    """
    if any(
        backwards and isinstance(operation, RefuseToMerge)
        for migration, backwards in plan
        for operation in migration.operations
    ):
        require_single_business(connections[using])
