"""Models of accounts, users, sign-ins and idempotency keys."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import CONSTRAINT_ERRORS, UNIQUE_FIELDS, Rule
from automatehq.text import clean_email
from automatehq.text_columns import EmailField, LineField, clean_columns
from businesses.models import PLATFORM_ID, Business
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import TenantModel

from .querysets import UserQuerySet
from .roles import Role, permissions_for

UNIQUE_FIELDS.update(
    {"accounts_email_unique": "email", "users_phone_unique": "phone_number"}
)
_NOT_IN_PLATFORM = Rule(
    "role",
    "invalid_choice",
    _("Super-admins must belong to the platform, all other users to a business."),
)
CONSTRAINT_ERRORS.update(
    {
        "users_email_lower": Rule(
            "email", "invalid", _("Enter a valid e-mail address.")
        ),
        "accounts_email_lower": Rule(
            "email", "invalid", _("Enter a valid e-mail address.")
        ),
        "users_active_have_email": Rule(
            "email", "required", _("An active user needs an e-mail address.")
        ),
        "users_super_admins_in_platform": _NOT_IN_PLATFORM,
        # A new role may also violate this rule if the user is acting, and the database may report it first.
        "users_acting_whole": _NOT_IN_PLATFORM,
    }
)


@dataclass(frozen=True)
class Acting:
    """The business that a super-admin acts for, the reason, and the end of the hour."""

    business: Business
    reason: str
    expires_at: datetime


class Account(AbstractBaseUser):
    """The credentials of one person, who has one user in each business they work for.

    The table belongs to no business. Row-level security shows one row at a time: see `account_scope.py`. The id is never
    that of a user, and no response, page, log line, message, event or archive contains it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = EmailField(_("e-mail"), null=True, blank=True)
    # The time when the person proved that the mailbox is theirs; None while an administrator may set the password.
    owned_at = models.DateTimeField(null=True, blank=True)
    signed_out_at = models.DateTimeField(null=True, blank=True)
    # The user of the latest sign-in. No foreign key, because the row may be invisible.
    last_user_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_login = None  # that of each business is in `User`

    objects: ClassVar[Any] = models.Manager()

    USERNAME_FIELD = "email"

    class Meta:
        db_table = "accounts"
        constraints = [
            models.UniqueConstraint(fields=["email"], name="accounts_email_unique"),
            models.CheckConstraint(
                condition=Q(email=Lower(F("email"))), name="accounts_email_lower"
            ),
        ]

    def __str__(self) -> str:
        return "account"  # neither the id nor the address may reach a log line


class User(TenantModel):
    """The place of a person in one business. Users are deactivated, never deleted.

    The person signs in with the e-mail and password of `account`. `email` is the address as this business knows it.
    """

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", editable=False
    )
    email = EmailField(_("e-mail"), null=True, blank=True)
    phone_number = LineField(_("phone"), max_length=16, null=True, blank=True)
    full_name = LineField(_("full name"), max_length=200)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    language = models.CharField(
        _("language"),
        max_length=2,
        choices=[("he", _("Hebrew")), ("en", _("English"))],
        null=True,
        blank=True,
        help_text=_("Leave empty to use the business language."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    last_login = models.DateTimeField(_("last login"), null=True, blank=True)
    signed_out_at = models.DateTimeField(null=True, blank=True, editable=False)
    acting_business = models.ForeignKey(
        "businesses.Business",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    acting_reason = LineField(max_length=500, blank=True, editable=False)
    acting_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    acting_token = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # Set by authentication for one request: the business that a super-admin acts for.
    acting: Acting | None = None
    # Set by a service for one request: the request has ended the user's own sign-ins or acting.
    has_ended_own_access = False

    objects: ClassVar[Any] = TenantManager.of(UserQuerySet)

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_anonymous = False
    is_authenticated = True

    class Meta:
        db_table = "users"
        ordering = ["full_name", "id"]
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "id"], name="users_business_id_unique"
            ),
            models.UniqueConstraint(
                fields=["business", "account"], name="users_account_unique"
            ),
            models.UniqueConstraint(
                fields=["business", "email"], name="users_email_unique"
            ),
            models.UniqueConstraint(fields=["phone_number"], name="users_phone_unique"),
            models.CheckConstraint(
                condition=Q(email=Lower(F("email"))), name="users_email_lower"
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=False) | Q(is_active=False),
                name="users_active_have_email",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="users_role_known"
            ),
            models.CheckConstraint(
                condition=Q(role=Role.SUPER_ADMIN, business=PLATFORM_ID)
                | (~Q(role=Role.SUPER_ADMIN) & ~Q(business=PLATFORM_ID)),
                name="users_super_admins_in_platform",
            ),
            models.CheckConstraint(
                condition=Q(
                    acting_business__isnull=True,
                    acting_expires_at__isnull=True,
                    acting_token__isnull=True,
                )
                | Q(
                    role=Role.SUPER_ADMIN,
                    acting_business__isnull=False,
                    acting_expires_at__isnull=False,
                    acting_token__isnull=False,
                ),
                name="users_acting_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["business", "full_name", "id"], name="users_business_name_idx"
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.email or str(self.pk)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Validate the fields except the account, which no business can read.

        The foreign key in the database checks that the account exists.
        """
        super().clean_fields(exclude={*(exclude or ()), "account"})

    def clean(self) -> None:
        clean_columns(self)
        self.email = clean_email(self.email or "") or None

    @property
    def is_super_admin(self) -> bool:
        return self.role == Role.SUPER_ADMIN

    @property
    def acting_role(self) -> Role:
        """Return the role in effect: ADMIN while a super-admin acts for a business."""
        return Role.ADMIN if self.acting else Role(self.role)

    @cached_property
    def rights(self) -> frozenset[str]:
        """Return the user's current permissions, as keys of the role table.

        Read it after authentication, which sets `acting`.
        """
        own = permissions_for(self.acting_role)
        return own | {"platform.act_as"} if self.acting else own

    def may(self, right: str) -> bool:
        """Return True if the user has the permission `right`, a key of `roles.ROLE_PERMISSIONS`."""
        return self.is_active and right in self.rights

    @property
    def is_staff(self) -> bool:
        """Return True for each active user. The role table limits the pages that the user sees."""
        return bool(self.is_active)


class SignIn(TenantModel):
    """A sign-in through the API, with the id of its latest refresh token.

    The id of the row is the `sid` claim of the tokens.
    """

    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="sign_ins",
        db_constraint=False,
        db_index=False,  # only queried inside the user's business: sign_ins_user_idx
    )
    refresh_jti = models.UUIDField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "sign_ins"
        ordering = ["-created_at", "-id"]
        constraints = [
            TenantForeignKeyConstraint(
                field="user", to="accounts.User", name="sign_ins_user_fk"
            )
        ]
        indexes = [
            models.Index(fields=["business", "user"], name="sign_ins_user_idx"),
            models.Index(fields=["expires_at"], name="sign_ins_expiry_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d}"


class IdempotencyKey(TenantModel):
    """A stored response to a create request with an Idempotency-Key header.

    See `accounts/idempotency.py`.
    """

    # No foreign key: a super-admin who acts for this business belongs to Platform.
    user_id = models.UUIDField()
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField()
    response_body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotency_keys"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "user_id", "key"],
                name="idempotency_keys_key_unique",
            )
        ]
        indexes = [
            models.Index(
                fields=["business", "created_at"], name="idempotency_keys_age_idx"
            )
        ]

    def __str__(self) -> str:
        return self.key


def display_name(user: User | None) -> str:
    """Return the name to store beside a reference to `user`; empty for None.

    The user may be a super-admin, whose row belongs to Platform.
    """
    return str(user.full_name or user.email) if user is not None else ""
