"""Factories of users and sign-ins. They need the scope of the business."""

import uuid
from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.credentials import create_account
from accounts.models import IdempotencyKey, SignIn, User
from accounts.roles import Role

# The password of all sample users.
PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory[User]):
    """A user; `UserFactory(password="…")` sets another password than `PASSWORD`."""

    class Meta:
        model = User

    full_name = factory.Sequence(lambda number: f"User {number}")
    email = factory.Sequence(lambda number: f"user-{number}@example.com")
    role: Any = Role.VIEWER
    password = factory.Transformer(PASSWORD, transform=make_password)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> User:
        """Create the account with the hash of the password, then the user.

        `UserFactory(account_id=…)` creates another user of an existing account.
        """
        password_hash = kwargs.pop("password")
        if "account_id" not in kwargs:
            kwargs["account_id"] = create_account(
                email=kwargs["email"], password_hash=password_hash
            )
        user: User = super()._create(model_class, *args, **kwargs)
        return user


class SignInFactory(DjangoModelFactory[SignIn]):
    class Meta:
        model = SignIn

    user = factory.SubFactory(UserFactory)
    refresh_jti = factory.LazyFunction(uuid.uuid4)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))


class IdempotencyKeyFactory(DjangoModelFactory[IdempotencyKey]):
    class Meta:
        model = IdempotencyKey

    user_id = factory.LazyFunction(uuid.uuid4)
    key = factory.Sequence(lambda number: f"key-{number}")
    request_hash = "0" * 64
    response_status = 201
    response_body = "{}"
