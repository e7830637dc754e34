"""Switching: a person moves from one of their businesses to another without a new sign-in."""

import uuid

from django.http import HttpRequest
from django.utils.translation import gettext as _

from automatehq.api.errors import Invalid
from automatehq.api.unknown_ids import report_rejected_value
from businesses.models import Business
from businesses.tenancy.middleware import Credentials

from .authentication import invalid_credentials, is_older
from .credentials import (
    AccountUser,
    enter_place,
    lock_account,
    update_account,
    users_of_account,
)
from .models import User


def businesses_of(user: User) -> list[AccountUser]:
    """Return the places where the person of `user` may work, by business name. One query."""
    places = users_of_account(user.account_id)
    return [place for place in places if place.is_open and not place.is_super_admin]


def enter_business(request: HttpRequest, *, user: User, business_id: uuid.UUID) -> User:
    """Return the person's user in another business, and remember the choice.

    The password must have been entered after the last sign-out of the account, of that user and of that business. The
    caller issues the tokens or the session, dated with the credentials of the request.

    Raises: `Invalid` if the person has no active user in an active business with this id, which is recorded like any
    unknown id; `InvalidCredentials` if the password was entered too long ago.
    """
    credentials: Credentials = request.credentials  # type: ignore[attr-defined]
    account = lock_account(user.account_id)
    places = {place.business_id: place for place in businesses_of(user)}
    place = places.get(business_id)
    if place is None:
        report_rejected_value(
            request,
            kind="unknown_id",
            model=Business,
            field="business_id",
            value=business_id,
        )
        raise Invalid("does_not_exist", _("No record has this ID."), "business_id")
    signed_out_at = (
        account.signed_out_at,
        place.user_signed_out_at,
        place.business_signed_out_at,
    )
    if credentials.auth_time is None or is_older(credentials.auth_time, *signed_out_at):
        raise invalid_credentials("token_not_valid")
    update_account(user.account_id, last_user_id=place.user_id)
    other = enter_place(place)
    if other is None:
        raise invalid_credentials("token_not_valid")
    return other
