"""Migration operations of tenancy. Each can be undone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import RunPython

from .database_roles import problems, public_access_sql, quoted, setup_sql
from .definer_functions import create_definer_functions, drop_definer_functions
from .policies import POLICY_SETS, Policy
from .rollback_guard import require_single_business, unforced


class _TenancyOperation(Operation):
    """An operation that changes the database and not the state of the models."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass


class RequireDatabaseRoles(_TenancyOperation):
    """Stop, with the SQL that mends it, unless both group roles are there for the login; close the database to others."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        connection = schema_editor.connection
        found = problems(connection)
        if found:
            raise ImproperlyConfigured(
                "The database is not ready for several businesses:\n"
                + "\n".join(f"  - {sentence}" for sentence in found)
                + "\nA database administrator has to run (manage.py tenancy_roles --sql prints it too):\n\n"
                + setup_sql(connection)
            )
        schema_editor.execute(public_access_sql(connection, is_open=False))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        schema_editor.execute(public_access_sql(schema_editor.connection, is_open=True))

    def describe(self) -> str:
        return "Require the database's two group roles"


class IsolateTenantTable(_TenancyOperation):
    """Enable and force row-level security on a model's table, with one of the declared sets of policies.

    Keys to and from a table with rows come before this, and go after it on the way back. To validate a foreign key
    PostgreSQL reads both tables as their owner, who under force sees none of the rows: references would be called broken
    that are not, or sound that are not.
    """

    def __init__(self, model_name: str, policies: str = "tenant") -> None:
        self.model_name = model_name
        self.policies = policies

    def _table(self, app_label: str, state: Any) -> str:
        table: str = state.apps.get_model(app_label, self.model_name)._meta.db_table
        return table

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        table = self._table(app_label, to_state)
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute(f"ALTER TABLE {quoted(table)} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {quoted(table)} FORCE ROW LEVEL SECURITY")
        for policy in POLICY_SETS[self.policies]:
            schema_editor.execute(policy.create_sql(table), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        table = self._table(app_label, from_state)
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for policy in POLICY_SETS[self.policies]:
            schema_editor.execute(policy.drop_sql(table), params=None)
        schema_editor.execute(
            f"ALTER TABLE {quoted(table)} NO FORCE ROW LEVEL SECURITY"
        )
        schema_editor.execute(f"ALTER TABLE {quoted(table)} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        return f"Row-level security on {self.model_name}"


class ShareTable(IsolateTenantTable):
    """Row-level security for a table that every business reads and a row's steward edits."""

    def __init__(self, model_name: str) -> None:
        super().__init__(model_name, "shared")

    def describe(self) -> str:
        return f"Share {self.model_name} among all businesses"


def _worded(policy: Policy, words: Callable[[str], str]) -> Policy:
    return replace(policy, using=words(policy.using), check=words(policy.check))


class RewordPolicies(_TenancyOperation):
    """Bring policies that mean the same to the words that are declared now; on the way back to `before(expression)`.

    As declared on the day when it runs, like `IsolateTenantTable`. Policies that `before` leaves as they are are not touched.
    `tables` is a declared set of policies → the models whose tables have it, as "app.Model".
    """

    def __init__(
        self, tables: Mapping[str, Sequence[str]], before: Callable[[str], str]
    ) -> None:
        self.tables = tables
        self.before = before

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._alter(schema_editor, to_state, lambda expression: expression)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._alter(schema_editor, from_state, self.before)

    def _alter(
        self, schema_editor: Any, state: Any, words: Callable[[str], str]
    ) -> None:
        for policies, labels in self.tables.items():
            for label in labels:
                table = state.apps.get_model(label)._meta.db_table
                for policy in POLICY_SETS[policies]:
                    if _worded(policy, self.before) != policy:
                        sql = _worded(policy, words).alter_sql(table)
                        schema_editor.execute(sql, params=None)

    def describe(self) -> str:
        return "Reword policies"


class DropKeyIndex(Operation):
    """Take a foreign key's own index away, where others serve what it did: the field has db_index=False from here on.

    `AlterField` would drop the key itself and make it anew, believed unread: under force PostgreSQL finds no row to check.
    Dropping an index takes a moment; making it again on the way back keeps writers out while the table is read.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        field = state.models[app_label, self.model_name.lower()].fields[self.name]
        field = field.clone()
        field.db_index = False
        state.alter_field(
            app_label, self.model_name.lower(), self.name, field, preserve_default=True
        )

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        column = model._meta.get_field(self.name).column
        name = schema_editor._create_index_name(model._meta.db_table, [column])
        schema_editor.execute(schema_editor._delete_index_sql(model, name))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        fields = [model._meta.get_field(self.name)]
        schema_editor.execute(schema_editor._create_index_sql(model, fields=fields))

    def describe(self) -> str:
        return f"Drop the index of {self.model_name}'s key {self.name}"


class CreateDefinerFunctions(_TenancyOperation):
    """Create the named SECURITY DEFINER functions as declared, owned by the platform's role."""

    reduces_to_sql = False  # it asks who the login is

    def __init__(self, *names: str) -> None:
        self.names = names or ("login_lookup",)

    def deconstruct(self) -> tuple[str, list[str], dict[str, Any]]:
        return type(self).__name__, list(self.names), {}

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        create_definer_functions(schema_editor.connection, self.names)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        drop_definer_functions(schema_editor.connection, self.names)

    def describe(self) -> str:
        return f"Create the functions {', '.join(self.names)}"


class TenantRunPython(RunPython):
    """`RunPython` over isolated tables, named as "app.Model" in `models`.

    Under forced row-level security a plain `RunPython` runs outside any scope and updates no row, in silence. Here force
    is lifted for the owner while `code` runs, in the same transaction, and constraints are checked before it returns.
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

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "models": self.models}

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        with unforced(schema_editor.connection, self._tables(from_state)):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        with unforced(schema_editor.connection, self._tables(from_state)):
            super().database_backwards(app_label, schema_editor, from_state, to_state)

    def _tables(self, state: Any) -> list[str]:
        return [state.apps.get_model(label)._meta.db_table for label in self.models]


class RefuseToMerge(_TenancyOperation):
    """Nothing forwards; backwards, refuse to make one company of several businesses. The last operation of its migration.

    `migrate` asks before its first step (`reject_merging_plan`), since by this one others may have been undone.
    """

    reduces_to_sql = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        pass

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        require_single_business(schema_editor.connection)

    def describe(self) -> str:
        return "Refuse to go back while several businesses have rows"


def reject_merging_plan(plan: Iterable[tuple[Any, bool]], using: str) -> None:
    """Raise `MultipleBusinessesError` if the plan of a `migrate` undoes tenancy while several businesses have rows."""
    if any(
        backwards and isinstance(operation, RefuseToMerge)
        for migration, backwards in plan
        for operation in migration.operations
    ):
        require_single_business(connections[using])
