"""A user's standing: the columns of their row and their business's that decide whether they may act.

`locked_standing` reads it for the end of a transaction. The share locks on both rows make a deactivation and this transaction
follow one another: it either commits first, or sees the deactivation.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope

from .models import User
from .roles import Role, permissions_for

_READ = """
SELECT users.is_active, users.role, users.signed_out_at, users.acting_token, users.acting_business_id,
       users.acting_expires_at, businesses.is_active, businesses.signed_out_at
FROM users JOIN businesses ON businesses.id = users.business_id
WHERE users.id = %s
FOR SHARE OF users, businesses
"""
_READ_BUSINESS = (
    "SELECT is_active, signed_out_at FROM businesses WHERE id = %s FOR SHARE"
)


@dataclass(frozen=True)
class BusinessStanding:
    """The columns of a business that admit or refuse its users."""

    is_active: bool
    signed_out_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """The columns of a user that admit or refuse them."""

    business: BusinessStanding
    is_active: bool
    role: str
    signed_out_at: datetime | None
    acting_token: uuid.UUID | None
    acting_business_id: uuid.UUID | None
    acting_expires_at: datetime | None

    @classmethod
    def of(cls, user: User) -> "Standing":
        """Return the standing of a user who has been read with their business."""
        return cls(
            BusinessStanding(user.business.is_active, user.business.signed_out_at),
            user.is_active,
            user.role,
            user.signed_out_at,
            user.acting_token,
            user.acting_business_id,
            user.acting_expires_at,
        )


def locked_standing(user_id: uuid.UUID) -> Standing | None:
    """Return the standing of a user of the business in scope, kept until the transaction ends; None for another user.

    One query.
    """
    row = _row(_READ, user_id)
    if row is None:
        return None
    return Standing(BusinessStanding(*row[6:]), *row[:6])


def locked_business_standing(business_id: uuid.UUID) -> BusinessStanding | None:
    """Return the standing of the business in scope, kept until the transaction ends. One query."""
    row = _row(_READ_BUSINESS, business_id)
    return row and BusinessStanding(*row)


def still_has_permission(user_id: uuid.UUID, right: str) -> bool:
    """Return whether the user is active and has `right`, a key of `roles.MAY`, in the business in scope.

    For tasks on behalf of a user. A super-admin, who acted for the business, has an administrator's rights; that the hour
    of acting is over does not matter. What is returned holds until the transaction ends.
    """
    standing = locked_standing(user_id)
    if standing is not None:
        role = standing.role
    else:
        with business_scope(PLATFORM_ID):
            standing = locked_standing(user_id)
        role = Role.ADMIN
    return (
        standing is not None
        and standing.is_active
        and standing.business.is_active
        and right in permissions_for(role)
    )


def _row(sql: str, id_: uuid.UUID) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, [id_])
        return cursor.fetchone()
