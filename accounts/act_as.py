"""Acting: a super-admin works for one business for at most one hour.

The super-admin states a reason. The audit trail of the business records the start and the end. The credentials must
match the `acting_…` columns of the super-admin's row.
"""

import uuid
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import record
from automatehq.api.errors import Conflict, Denied, Invalid
from businesses.models import Business
from businesses.tenancy.context import business_scope, try_get_current_user

from .authentication import invalid_credentials
from .models import User

HOUR = timedelta(hours=1)


def start_acting(*, user: User, business_id: uuid.UUID, reason: str) -> User:
    """Start or renew acting for a business, for one hour.

    Acting for another business ends. Return the user's row. Its `acting_…` columns are the claims of the token or
    session.

    Raises: `Invalid` if the business does not exist or is Platform; `Conflict` if the business is inactive.
    """
    if not user.is_super_admin:
        raise Denied
    with business_scope(user.business_id):
        admitted, user = user, _locked(user)
        if not user.is_active or user.signed_out_at != admitted.signed_out_at:
            raise invalid_credentials(
                "token_not_valid"
            )  # signed out or deactivated meanwhile
        _leave(user)
        # The scope of the request may not show the business; the business's own scope does.
        with business_scope(business_id):
            business = Business.objects.listed().filter(pk=business_id).first()
            if business is None:
                raise Invalid(
                    "does_not_exist", _("No record has this ID."), "business_id"
                )
            if not business.is_active:
                raise Conflict(
                    "business_inactive", _("This business is inactive."), "business_id"
                )
            # A token's `exp` counts whole seconds.
            expires_at = timezone.now().replace(microsecond=0) + HOUR
            record(
                "acting_started",
                entity=business,
                actor=user,
                reason=reason,
                expires_at=expires_at,
            )
        user.acting_business = business
        user.acting_reason = reason
        user.acting_expires_at = expires_at
        user.acting_token = uuid.uuid4()
        _save(user)
    return user


def stop_acting(*, user: User) -> None:
    """End a super-admin's acting, if any, also after its hour has expired."""
    with business_scope(user.business_id):
        user = _locked(user)
        if user.acting_business_id is not None:
            _leave(user)
            _save(user)


def _leave(user: User) -> None:
    """Record the end of acting in the audit trail and clear the locked row.

    The event belongs to the business acted for. The caller saves the row.
    """
    if user.acting_business_id is None:
        return
    with business_scope(user.acting_business_id):
        record(
            "acting_ended",
            entity=Business.objects.get(pk=user.acting_business_id),
            actor=user,
            reason=user.acting_reason,
            expires_at=user.acting_expires_at,
        )
    note_own_access_ended(user)
    user.acting_business = None
    user.acting_reason = ""
    user.acting_expires_at = None
    user.acting_token = None


def note_own_access_ended(user: User) -> None:
    """Mark the current user if the request ends their own access on purpose.

    Access ends with the sign-ins or the acting. Without the mark, the check at the end of the request (`rechecks`)
    would reject the request.
    """
    current = try_get_current_user()
    if current is not None and current.pk == user.pk:
        current.has_ended_own_access = True


def _locked(user: User) -> User:
    locked: User = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return locked


def _save(user: User) -> None:
    user.save(
        update_fields=[
            "acting_business",
            "acting_reason",
            "acting_expires_at",
            "acting_token",
        ]
    )
