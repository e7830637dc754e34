"""Service functions for users: create, update, deactivate, release and others.

Each function locks the user's row, and before it the account if the credentials may change. It saves only the changed
fields and records one audit event. `actor` is the user who acts, or None for a command. On the platform the users are the super-admins, who belong to the business Platform.
Elsewhere they are the users of the business in scope.
"""

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from audit.cross_business import check_in_use_limit
from audit.services import changes, record, snapshot
from automatehq.api.errors import AlreadyInUse, Conflict, Denied, Invalid
from automatehq.clock import database_now
from automatehq.text_columns import assign
from businesses.models import PLATFORM_ID, Business
from businesses.tenancy.context import Scope, business_scope, try_get_business_id
from businesses.tenancy.definer_functions import fields_in_use

from .act_as import note_own_access_ended, stop_acting
from .credentials import (
    create_account,
    hash_password,
    lock_account,
    update_account,
    users_of_account,
)
from .models import Account, User
from .roles import RANK, Role
from .token_sessions import revoke_sign_ins

# Fields that audit events record before and after a change. The password is never among them.
FIELDS = ("email", "full_name", "phone_number", "role", "language", "is_active")
# Field that is unique among all businesses → function that returns whether a value is in use.
UNIQUE = {"email": "email_in_use", "phone_number": "phone_in_use"}


def create_user(
    *,
    values: Mapping[str, Any],
    password: str | None,
    actor: User | None,
    may_be_weak: bool = False,
) -> User:
    """Create a user of the business in scope; on the platform, create a super-admin.

    Without a password the user cannot sign in until one is set.

    Raises: `Denied` if the role is above the actor's own, or if a role other than super-admin is given on the platform.
    A super-admin who creates a user of a business acts for that business first.
    """
    _check_rank(actor, values["role"])
    if try_get_business_id() is None and values["role"] != Role.SUPER_ADMIN:
        raise _act_as_required()
    with _user_scope():
        user = User(**values)
        user.clean()
        password_hash = hash_password(
            user, password, "password", may_be_weak=may_be_weak
        )
        _check_in_use(actor, snapshot(user, UNIQUE))
        user.account_id = create_account(email=user.email, password_hash=password_hash)
        user.save(force_insert=True)
        record("user_created", entity=user, actor=actor, after=snapshot(user, FIELDS))
    return user


def update_user(
    *, user_id: uuid.UUID, values: Mapping[str, Any], actor: User | None
) -> User:
    """Update a user; a `password` among `values` resets the password.

    A reset and a demotion end the user's sign-ins.

    Raises: `Denied` if the user's present or new role is above the actor's own, or if actors demote themselves or reset
    their own password; `Conflict` if the last administrator would be demoted.
    """
    values = dict(values)
    password = values.pop("password", None)
    with _user_scope():
        account, user = _lock_account_and_user(user_id)
        _check_rank(actor, user.role, values.get("role", user.role))
        before = snapshot(user, FIELDS)
        is_demoted = RANK[Role(values.get("role", user.role))] < RANK[Role(user.role)]
        if is_demoted:
            _check_not_oneself(actor, user, _("You can't demote yourself."), "role")
            _check_not_last_admin(user)
        assign(user, values)
        before, after = changes(before, snapshot(user, FIELDS))
        written = [*after]
        credentials: dict[str, Any] = {}
        if password is not None or "email" in after:
            _check_not_owned(actor, account)
        if password is not None:
            _check_not_oneself(
                actor,
                user,
                _("Change your own password at /api/auth/password."),
                "password",
            )
            credentials["password"] = hash_password(user, password, "password")
        if not written and not credentials:
            return user
        if "email" in after and user.email is None:
            raise Invalid(
                "null",
                _("The e-mail cannot be removed. Release the user instead."),
                "email",
            )
        _check_in_use(actor, after)
        if is_demoted or password is not None:
            written += _sign_out(user)
        if password is not None:
            credentials["signed_out_at"] = user.signed_out_at
            _sign_out_elsewhere(user)
        if "email" in after:
            credentials["email"] = user.email
        if credentials:
            update_account(user.account_id, **credentials)
        user.save(update_fields=[*written, "updated_at"])
        record(
            "user_updated" if after else "user_password_changed",
            entity=user,
            actor=actor,
            before=before or None,
            after=after or None,
            password_changed=True if after and password is not None else None,
        )
    return user


def activate_user(
    *, user_id: uuid.UUID, actor: User | None, email: str | None = None
) -> User:
    """Activate a user, who can then sign in again with the old password.

    Tokens and sessions from before stay invalid. A released user needs a new `email`.

    Raises: `Invalid` if a released user gets no e-mail.
    """
    with _user_scope():
        account, user = _lock_account_and_user(user_id)
        _check_rank(actor, user.role)
        if user.is_active:
            return user
        before = snapshot(user, FIELDS)
        assign(user, {"is_active": True, "email": email or user.email})
        if user.email is None:
            raise Invalid(
                "required",
                _("This user was released. Enter an e-mail address first."),
                "email",
            )
        before, after = changes(before, snapshot(user, FIELDS))
        if "email" in after and user.email != account.email:
            _check_not_owned(actor, account)
            _check_in_use(actor, after)
            update_account(account.pk, email=user.email)
        user.save(update_fields=[*after, "updated_at"])
        record("user_activated", entity=user, actor=actor, before=before, after=after)
    return user


def deactivate_user(*, user_id: uuid.UUID, actor: User | None) -> User:
    """Deactivate a user; end the user's tokens, sessions and acting for a business.

    Raises: `Denied` if the actor is the user, or if the user's role is above the actor's; `Conflict` if the user is the
    last administrator.
    """
    with _user_scope():
        user = _locked(user_id)
        _check_rank(actor, user.role)
        _check_not_oneself(actor, user, _("You can't deactivate yourself."))
        if not user.is_active:
            return user
        _check_not_last_admin(user)
        stop_acting(user=user)
        user.is_active = False
        user.save(update_fields=["is_active", "updated_at", *_sign_out(user)])
        record(
            "user_deactivated",
            entity=user,
            actor=actor,
            before={"is_active": True},
            after={"is_active": False},
        )
    return user


def release_user(*, user_id: uuid.UUID, actor: User | None) -> User:
    """Release the e-mail and phone of an inactive user for use by other businesses.

    The user's history stays. The address of a person who manages their own sign-in stays with the person's account.

    Raises: `Conflict` if the user is active.
    """
    with _user_scope():
        account, user = _lock_account_and_user(user_id)
        _check_rank(actor, user.role)
        if user.is_active:
            raise Conflict(
                "user_is_active",
                _("An active user cannot be released. Deactivate the user first."),
            )
        before = snapshot(user, FIELDS)
        user.email = user.phone_number = None
        before, after = changes(before, snapshot(user, FIELDS))
        if after:
            if account.owned_at is None:
                update_account(account.pk, email=None)
            user.save(update_fields=[*after, "updated_at"])
            record(
                "user_released", entity=user, actor=actor, before=before, after=after
            )
    return user


def change_own_password(*, user: User, new_password: str) -> None:
    """Set a new password for `user` and end all their sign-ins.

    This includes the current sign-in. The caller has already checked the old password.
    """
    with business_scope(user.business_id):
        password_hash = hash_password(user, new_password, "new_password")
        account, user = _lock_account_and_user(user.pk)
        user.save(update_fields=["updated_at", *_sign_out(user)])
        _sign_out_elsewhere(user)
        update_account(
            account.pk, password=password_hash, signed_out_at=user.signed_out_at
        )
        record("user_password_changed", entity=user, actor=user)


def choose_language(*, user: User, language: str | None) -> None:
    """Set the language of `user`; None means the language of the user's business.

    All users may choose their own language.
    """
    with business_scope(user.business_id):
        user = _locked(user.pk)
        before = snapshot(user, FIELDS)
        user.language = language
        before, after = changes(before, snapshot(user, FIELDS))
        if after:
            user.save(update_fields=["language", "updated_at"])
            record("user_updated", entity=user, actor=user, before=before, after=after)


# Scope and locks


def _user_scope() -> AbstractContextManager[Scope]:
    """Return the scope of the users: the business in scope, or Platform.

    On the platform it is Platform, which holds the super-admins. Tenant data cannot be written without the scope of a
    business.
    """
    return business_scope(try_get_business_id() or PLATFORM_ID)


def _lock_account_and_user(user_id: uuid.UUID) -> tuple[Account, User]:
    """Lock the user's account, business and row, in this order."""
    accounts = User.objects.filter(pk=user_id).values_list("account_id", flat=True)
    account_id = accounts.first()
    account = lock_account(account_id) if account_id else None
    user = _locked(user_id)  # raises if the user does not exist
    assert account is not None
    return account, user


def _locked(user_id: uuid.UUID) -> User:
    """Lock the user's business, then the user's row, and return the row.

    The lock on the business serializes changes to its users. Without it, two administrators could demote each other at
    the same time and leave the business without one.
    """
    business_id = try_get_business_id()
    Business.objects.select_for_update(no_key=True).get(pk=business_id)
    user: User | None = (
        User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    )
    if user is not None:
        return user
    if business_id == PLATFORM_ID:
        # The user is visible from the platform, but is not a super-admin.
        raise _act_as_required()
    raise Http404


# Checks


def _check_rank(actor: User | None, *roles: str) -> None:
    """Raise `Denied` if a role in `roles` is above the actor's own."""
    if actor is None:
        return
    own = RANK[actor.acting_role]
    if any(RANK[Role(role)] > own for role in roles):
        raise Denied(detail=_("This role is higher than yours."), attr="role")


def _check_not_owned(actor: User | None, account: Account) -> None:
    """Raise `Denied` if the person manages their own sign-in.

    No administrator may then set the password or the e-mail: it also opens the person's other businesses.
    """
    if actor is not None and account.owned_at is not None:
        raise Denied(
            "manages_own_sign_in", _("This user manages their own sign-in and e-mail.")
        )


def _check_not_oneself(
    actor: User | None, user: User, detail: str, attr: str | None = None
) -> None:
    if actor is not None and actor.pk == user.pk:
        raise Denied(detail=detail, attr=attr)


def _check_not_last_admin(user: User) -> None:
    """Raise `Conflict` if `user` is the last active administrator of the business.

    In Platform, this applies to the last super-admin.
    """
    if not user.is_active or user.role not in (Role.ADMIN, Role.SUPER_ADMIN):
        return
    others = User.objects.active().with_role(user.role).exclude(pk=user.pk)
    if not others.exists():
        raise Conflict("last_admin", _("This is the last active administrator."))


def _check_in_use(actor: User | None, written: Mapping[str, Any]) -> None:
    """Check the limit of "already in use" answers, then the unique values.

    The values are unique among all businesses.

    Raises: `TooMany` if the limit is exceeded; `AlreadyInUse` if another user has the value. The unique indexes reject
    the value as well, but PostgreSQL would log the statement with the password hash.
    """
    unique_values = {field: written[field] for field in UNIQUE if written.get(field)}
    if not unique_values:
        return
    if actor is not None:
        check_in_use_limit(actor.pk)
    taken = fields_in_use({f: (UNIQUE[f], value) for f, value in unique_values.items()})
    for field in UNIQUE:
        if field in taken:
            raise AlreadyInUse("accounts.user", field, unique_values[field])


def _act_as_required() -> Denied:
    return Denied(
        "act_as_required", _("Act for the business first: POST /api/auth/act-as.")
    )


# Changes to the row


def _sign_out(user: User) -> list[str]:
    """End all tokens and sessions of `user`; return the names of the fields to save."""
    note_own_access_ended(user)
    user.signed_out_at = database_now()
    revoke_sign_ins(user.pk)
    return ["signed_out_at"]


def _sign_out_elsewhere(user: User) -> None:
    """End the sign-ins of the person's users in other businesses, at the time of `user`."""
    places = sorted(users_of_account(user.account_id), key=attrgetter("business_id"))
    for place in places:
        if place.user_id != user.pk:
            with business_scope(place.business_id):
                others = User.objects.filter(pk=place.user_id)
                others.update(signed_out_at=user.signed_out_at)
                revoke_sign_ins(place.user_id)
