"""The third layer: foreign keys over (business_id, …) within one business.

Row-level security does not check references, because PostgreSQL reads the referenced
row as the table's owner. Without these keys, any field that takes an id would accept
the id of another business's row.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps as global_apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models.constraints import BaseConstraint

from automatehq.api.errors import CONSTRAINT_ERRORS, Rule

# PostgreSQL validates existing rows under the policies, and FORCE hides every
# referenced row. FORCE is therefore lifted for that time from the tables that have it.
_CREATE = """\
DO $do$
DECLARE
    forced regclass[] := ARRAY(
        SELECT oid::regclass FROM pg_class
         WHERE relforcerowsecurity AND oid IN ('%(table)s'::regclass, '%(target)s'::regclass));
    isolated regclass;
BEGIN
    FOREACH isolated IN ARRAY forced LOOP
        EXECUTE 'ALTER TABLE ' || isolated || ' NO FORCE ROW LEVEL SECURITY';
    END LOOP;
    ALTER TABLE %(table)s ADD CONSTRAINT %(name)s %(definition)s;
    FOREACH isolated IN ARRAY forced LOOP
        EXECUTE 'ALTER TABLE ' || isolated || ' FORCE ROW LEVEL SECURITY';
    END LOOP;
END $do$"""


class TenantForeignKeyConstraint(BaseConstraint):
    """A foreign key that includes the business.

    It is `FOREIGN KEY (business_id, <field>_id) REFERENCES <to> (business_id, id)`. The
    model's field has `db_constraint=False`, because this key includes that one. `to` is
    "app.Model"; its table needs UNIQUE (business_id, id). Columns in `also` must agree
    in both tables too. A null reference is not checked.
    """

    def __init__(
        self,
        *,
        field: str,
        to: str,
        name: str,
        also: Sequence[str] = (),
        violation_error_message: Any = None,
    ) -> None:
        self.field = field
        self.to = to
        self.also = tuple(also)
        super().__init__(name=name, violation_error_message=violation_error_message)

    def _target(self, model: type[models.Model]) -> type[models.Model]:
        # In a migration the model comes from the historical registry. The referenced
        # model must come from the same registry.
        registry = getattr(model._meta, "apps", global_apps)
        target: type[models.Model] = registry.get_model(self.to)
        return target

    def _sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> str:
        target = self._target(model)
        quote = schema_editor.quote_name
        column = str(model._meta.get_field(self.field).column)  # type: ignore[union-attr]
        columns = ", ".join(map(quote, ("business_id", column, *self.also)))
        target_columns = ", ".join(map(quote, ("business_id", "id", *self.also)))
        return (
            f"FOREIGN KEY ({columns}) REFERENCES {quote(target._meta.db_table)} ({target_columns}) "
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def constraint_sql(
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> str:
        assert schema_editor is not None
        # ALTER TABLE adds the key after the table is created, because the same
        # migration may create the referenced table later.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(  # type: ignore[override]  # Django returns a Statement
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        quote = schema_editor.quote_name
        return Statement(
            _CREATE,
            table=quote(model._meta.db_table),
            target=quote(self._target(model)._meta.db_table),
            name=quote(self.name),
            definition=self._sql(model, schema_editor),
        )

    def remove_sql(  # type: ignore[override]
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        return Statement(
            # Check the constraint before it is dropped. Otherwise PostgreSQL rejects
            # the change because of "pending trigger events".
            "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=schema_editor.quote_name(model._meta.db_table),
            name=schema_editor.quote_name(self.name),
        )

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: set[str] | None = None,
        using: str = "default",
    ) -> None:
        """Raise `ValidationError` if the row references a row that this business lacks."""
        value = getattr(instance, model._meta.get_field(self.field).attname)  # type: ignore[union-attr]
        if value is None or (exclude and self.field in exclude):
            return
        target = global_apps.get_model(self.to)
        if not target._default_manager.using(using).filter(pk=value).exists():
            raise ValidationError(
                {self.field: self.get_violation_error_message()}, code="does_not_exist"
            )

    def deconstruct(self) -> tuple[str, Sequence[object], dict[str, object]]:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"field": self.field, "to": self.to}
        if self.also:
            kwargs["also"] = self.also
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TenantForeignKeyConstraint):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.field, self.to, self.also))


def check_references() -> None:
    """Register the error of each composite key: 400 `does_not_exist` on the field.

    The error is the same as for an unknown id, in any business. It is rare, because the
    manager has usually not found the row before. But the key must also work without the
    manager.
    """
    for model in global_apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, TenantForeignKeyConstraint):
                rule = Rule(
                    f"{constraint.field}_id",
                    "does_not_exist",
                    "No record has this ID.",
                )
                CONSTRAINT_ERRORS.setdefault(constraint.name, rule)
