"""Abstract base classes of models: rows with an id, and rows of one business."""

import uuid
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models
from uuid_utils.compat import uuid7

from automatehq.clock import new_id
from automatehq.text_columns import clean_columns

from .context import get_current_business_id
from .exceptions import WrongBusiness
from .managers import TenantManager


class RowIdField(models.UUIDField[Any, Any]):
    """A UUID of version 7 by the clock of `automatehq.clock`. Migrations contain Django's plain field."""

    def get_default(self) -> uuid.UUID:
        return new_id()

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.UUIDField", args, kwargs


class IdentifiedModel(models.Model):
    """A model with a UUID of version 7 as its id.

    Ids sort by age. They do not reveal the number of rows.
    """

    id = RowIdField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Clean the text columns of the row: see `automatehq/text_columns.py`."""
        super().clean()
        clean_columns(self)


class TenantModel(IdentifiedModel):
    """A row that belongs to one business.

    It is written only in the scope of that business. A new row without a business takes
    the business of the scope. No row moves to another business.

    Raises: `WrongBusiness` in the scope of another business, `NoActiveBusiness` without
    a scope.
    """

    business = models.ForeignKey(
        "businesses.Business",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        # Other indexes of each table begin with this column. Check E004 requires them.
        db_index=False,
    )

    objects: ClassVar[Any] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.enter_business(get_current_business_id())
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row.

        Raises: `DoesNotExist` if the business in scope has no such row. Django would
        silently delete no row.
        """
        self.enter_business(get_current_business_id())
        deleted = super().delete(*args, **kwargs)
        if not deleted[1].get(self._meta.label):
            raise self.DoesNotExist(
                f"No {self._meta.verbose_name} of this business has this ID."
            )
        return deleted

    @classmethod
    def from_db(
        cls,
        db: str | None,
        field_names: Collection[str],
        values: Collection[Any],
        **kwargs: Any,
    ) -> Self:
        row = super().from_db(db, field_names, values, **kwargs)
        # The stored business, so that `save` detects a change.
        row._business_of_row = row.__dict__.get("business_id")  # type: ignore[attr-defined]
        return row

    def enter_business(self, business_id: uuid.UUID) -> None:
        """Set the row's business to `business_id`.

        Raises: `WrongBusiness` if the row belongs to another business.
        """
        stored_business_id = self.__dict__.get("_business_of_row")
        own_business_id: uuid.UUID | None = self.business_id
        if own_business_id is None and stored_business_id is None:
            self.business_id = business_id
        elif (own_business_id, stored_business_id or own_business_id) != (
            business_id,
            business_id,
        ):
            raise WrongBusiness(
                f"This {self._meta.verbose_name} belongs to another business than the one in scope."
            )
