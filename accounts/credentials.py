"""Credentials of accounts: look up, check, create, lock and change.

The functions leave any open scope and work as the plain login, which sees one account at a time. Lock order: account,
businesses by id, users, sign-ins.
"""

import uuid
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import hashers
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from automatehq.api.errors import Invalid, Problem
from automatehq.api.fields import PASSWORD_LIMIT
from automatehq.clock import database_now
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope, unscoped

from .account_scope import account_scope
from .models import Account, User


class AccountUser(NamedTuple):
    """A user of an account, and the status that permits or forbids to enter the business."""

    user_id: uuid.UUID
    business_id: uuid.UUID
    business_name: str
    user_is_active: bool
    business_is_active: bool
    user_signed_out_at: datetime | None
    business_signed_out_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Return True if the user may sign in to the business."""
        return self.user_is_active and self.business_is_active

    @property
    def is_super_admin(self) -> bool:
        return self.business_id == PLATFORM_ID


def find_account(email: str) -> uuid.UUID | None:
    """Return the id of the account with this address, or None. One query."""
    with unscoped(), connection.cursor() as cursor:
        cursor.execute("SELECT account_lookup(%s)", [email])
        (account_id,) = cursor.fetchone()
    return account_id  # type: ignore[no-any-return]


def users_of_account(account_id: uuid.UUID | None) -> list[AccountUser]:
    """Return the users of an account by business name; none for None. One query."""
    with unscoped(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(AccountUser._fields)} FROM users_of_account(%s) "  # noqa: S608  declared names
            "ORDER BY business_name, business_id",
            [account_id],
        )
        return [AccountUser(*row) for row in cursor.fetchall()]


def users_with_email(email: str) -> list[AccountUser]:
    """Return the users who sign in with this address."""
    return users_of_account(find_account(email))


def create_account(*, email: str | None, password_hash: str) -> uuid.UUID:
    """Create an account and return its id.

    Raises: `IntegrityError` for an address that another account has.
    """
    account = Account(email=email, password=password_hash)
    with account_scope(account.pk):
        account.save(force_insert=True)
    return account.pk


def password_matches(account_id: uuid.UUID | None, password: str) -> bool:
    """Return True if `password` is the account's. Renew an outdated hash.

    A missing account takes as long as a wrong password.
    """
    return check_password(read_account(account_id), password)


def read_account(account_id: uuid.UUID | None) -> Account | None:
    """Return the account with this id, or None."""
    with account_scope(account_id):
        account: Account | None = Account.objects.filter(pk=account_id).first()
    return account


def check_password(account: Account | None, password: str) -> bool:
    """Return True if `password` is that of `account`. Renew an outdated hash.

    None takes as long as a wrong password.
    """
    if account is None:
        hashers.make_password(password)
        return False

    def renew_hash(raw: str) -> None:
        account.password = hashers.make_password(raw)
        update_account(account.pk, password=account.password)

    return hashers.check_password(password, account.password, renew_hash)


def enter_place(place: AccountUser) -> User | None:
    """Store the time at which a person enters a business, and return their user with this time as `last_login`.

    Return None if the user was deactivated or signed out since `place` was read. The update waits for other
    transactions that lock the row.
    """
    with business_scope(place.business_id):
        users = User.objects.select_related("business__settings_row")
        user: User = users.get(pk=place.user_id)
        user.last_login = database_now()
        unchanged = User.objects.filter(
            pk=user.pk, is_active=True, signed_out_at=place.user_signed_out_at
        )
        return user if unchanged.update(last_login=user.last_login) else None


def lock_account(account_id: uuid.UUID) -> Account:
    """Lock an account until the transaction ends, and return it."""
    with account_scope(account_id):
        account: Account = Account.objects.select_for_update(no_key=True).get(
            pk=account_id
        )
    return account


def update_account(account_id: uuid.UUID, **values: object) -> None:
    """Update columns of an account, which the caller has locked."""
    with account_scope(account_id):
        Account.objects.filter(pk=account_id).update(**values)


def hash_password(
    user: User, password: str | None, attr: str, *, may_be_weak: bool = False
) -> str:
    """Return the hash of a new password of `user`; no password matches the hash of None.

    Raises: `Invalid` on `attr` with all problems of the password.
    """
    if password is None:
        return hashers.make_password(None)
    if len(password) > PASSWORD_LIMIT:
        raise Invalid(
            "max_length",
            _("Enter at most %(limit)s characters.") % {"limit": PASSWORD_LIMIT},
            attr,
        )
    try:
        if not may_be_weak:
            validate_password(password, user)
    except ValidationError as error:
        raise Invalid.from_problems(
            Problem(one.code or "invalid", message, attr)
            for one in error.error_list
            for message in one.messages
        ) from error
    return hashers.make_password(password)
