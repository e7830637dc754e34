"""Account status: the columns that permit or forbid a user's requests.

They are columns of the user and of the user's business. `locked_standing` reads them at the end of a transaction, with
share locks on both rows. The locks serialize a deactivation and this transaction: the transaction either commits first
or sees the deactivation.
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
    """The columns of a business that permit or forbid requests of its users."""

    is_active: bool
    signed_out_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """The columns of a user that permit or forbid the user's requests."""

    business: BusinessStanding
    is_active: bool
    role: str
    signed_out_at: datetime | None
    acting_token: uuid.UUID | None
    acting_business_id: uuid.UUID | None
    acting_expires_at: datetime | None

    @classmethod
    def of(cls, user: User) -> "Standing":
        """Return the status of a user that was read together with the business."""
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
    """Lock and return the status of a user of the business in scope.

    The status cannot change until the transaction ends. None for a user of another business. One query.
    """
    row = _row(_READ, user_id)
    if row is None:
        return None
    return Standing(BusinessStanding(*row[6:]), *row[:6])


def locked_business_standing(business_id: uuid.UUID) -> BusinessStanding | None:
    """Lock and return the status of the business in scope.

    The status cannot change until the transaction ends. One query.
    """
    row = _row(_READ_BUSINESS, business_id)
    return row and BusinessStanding(*row)


def still_has_permission(user_id: uuid.UUID, right: str) -> bool:
    """Return True if the user is active and has the permission in this scope.

    `right` is a key of `roles.ROLE_PERMISSIONS`. For tasks on behalf of a user. A super-admin who acted for the business has an
    administrator's permissions, also after the hour of acting. The answer holds until the transaction ends.
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
