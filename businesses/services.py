"""Services that create and change businesses.

Each change is written in the scope of its business, and so into the audit trail of that
business. Events of a super-admin are marked `cross_business`. The business Platform
cannot be edited or deactivated.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user
from audit.cross_business import check_in_use_limit
from audit.services import changes, record, snapshot
from automatehq.api.errors import IN_USE_CODE, IN_USE_DETAIL, Invalid
from automatehq.clock import database_now
from automatehq.row_locks import lock_or_404
from automatehq.text_columns import assign
from businesses.models import Business, BusinessSettings
from businesses.tenancy.context import business_scope, platform_scope, unscoped

from .unique_names import name_key

# The columns of a business that the audit trail shows before and after.
FIELDS = (
    "business_name",
    "business_code",
    "is_active",
    "month_cutoff_day",
    "expected_cards_per_month",
    "time_zone",
    "default_region",
    "language",
)
# The columns of the settings that the audit trail shows before and after.
SETTINGS_FIELDS = (
    "on_outside_employment",
    "on_future_month",
    "on_overlapping_hours",
    "on_long_day",
    "on_duplicate_days",
    "longest_day_hours",
)
# Values that another business may have. The number of such checks is limited.
UNIQUE = ("business_name", "business_code")


def create_business(
    *, values: Mapping[str, object], admin: Mapping[str, Any], actor: User | None
) -> Business:
    """Create a business and its first administrator, in one transaction.

    `admin` has email, full_name and password, which may be None as in `create_user`.
    """
    admin = dict(admin)
    password = admin.pop("password")
    business = Business(**values)
    business.clean()
    _check_in_use(actor, values)
    with platform_scope("a new business"):
        business.reject_clashing_name()
        business.save(force_insert=True)
        with business_scope(business.pk):
            record(
                "business_created",
                entity=business,
                actor=actor,
                after=snapshot(business, FIELDS),
            )
            create_user(
                values={**admin, "role": Role.ADMIN}, password=password, actor=actor
            )
    return business


def update_business(
    *, business_id: uuid.UUID, values: Mapping[str, object], actor: User | None
) -> Business:
    """Edit a business."""
    return _update(business_id, values, "business_updated", actor)


def update_business_settings(
    *, business_id: uuid.UUID, values: Mapping[str, object], actor: User | None
) -> BusinessSettings:
    """Change settings of a business; the first change creates the row.

    Raises: `Http404` for an unknown business and for Platform.
    """
    with business_scope(business_id):
        # The lock serialises two first changes, which would both create the row.
        business = _lock_business(business_id)
        stored = BusinessSettings.objects.select_for_update().first()
        settings: BusinessSettings = stored or BusinessSettings(business=business)
        before = snapshot(settings, SETTINGS_FIELDS)
        for name, value in values.items():
            setattr(settings, name, value)
        before, after = changes(before, snapshot(settings, SETTINGS_FIELDS))
        if not after:
            return settings
        if stored is None:
            settings.save(force_insert=True)
        else:
            settings.save(update_fields=[*after, "updated_at"])
        record(
            "business_settings_updated",
            entity=business,
            actor=actor,
            before=before,
            after=after,
        )
    return settings


def activate_business(*, business_id: uuid.UUID, actor: User | None) -> Business:
    """Allow the users of a business to sign in again.

    Earlier tokens and sessions stay invalid.
    """
    return _update(business_id, {"is_active": True}, "business_activated", actor)


def deactivate_business(*, business_id: uuid.UUID, actor: User | None) -> Business:
    """End the tokens and sessions of a business and reject new sign-ins.

    This includes super-admins who act for the business.
    """
    return _update(business_id, {"is_active": False}, "business_deactivated", actor)


def _update(
    business_id: uuid.UUID,
    values: Mapping[str, object],
    event_type: str,
    actor: User | None,
) -> Business:
    with business_scope(business_id):
        business = _lock_business(business_id)
        before = snapshot(business, FIELDS)
        assign(business, values)
        before, after = changes(before, snapshot(business, FIELDS))
        if not after:
            return business
        _check_in_use(actor, after)
        if business.has_new_name:
            _reject_clashing_name(business)
        update_fields = [*after, "updated_at"]
        if after.get("is_active") is False:
            business.signed_out_at = database_now()
            update_fields.append("signed_out_at")
        business.save(update_fields=update_fields)
        record(event_type, entity=business, actor=actor, before=before, after=after)
    return business


def _reject_clashing_name(business: Business) -> None:
    """Raise `Invalid` if the new name looks like the clashing name of another business.

    Like `NamedModel.reject_clashing_name`, but from the scope of one business,
    which reads no other business.
    """
    with unscoped(), connection.cursor() as cursor:
        key = name_key(business.business_name)
        cursor.execute("SELECT business_name_clashes(%s)", [key])
        (is_clashing,) = cursor.fetchone()
    if is_clashing:
        raise Invalid(IN_USE_CODE, IN_USE_DETAIL, "business_name")


def _lock_business(business_id: uuid.UUID) -> Business:
    business: Business = lock_or_404(
        Business.objects.listed(), business_id, no_key=True
    )
    return business


def _check_in_use(actor: User | None, values: Mapping[str, object]) -> None:
    if actor is not None and any(values.get(field) for field in UNIQUE):
        check_in_use_limit(actor.pk)
