"""Clients of the API that are signed in."""

import uuid
from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from accounts.tokens import write_claims
from businesses.models import Business
from businesses.tenancy.context import business_scope

from .factories import SignInFactory


def token_of(user: User, *, acting_for: Business | None = None) -> str:
    """An access token as signing in gives it to `user`, who acts for a business if they are a super-admin and it is said."""
    with business_scope(user.business_id):
        sign_in = SignInFactory(user=user)
        if acting_for is not None:
            user.acting_business = acting_for
            user.acting_reason = "sample"
            user.acting_expires_at = timezone.now() + timedelta(hours=1)
            user.acting_token = uuid.uuid4()
            user.save()
    business_id = None if user.is_super_admin else user.business_id
    token = write_claims(
        AccessToken(),
        user_id=user.pk,
        home_id=user.business_id,
        business_id=acting_for.pk if acting_for else business_id,
        sign_in_id=sign_in.pk,
        acting_token=user.acting_token if acting_for else None,
    )
    return str(token)


def client_of(user: User, *, acting_for: Business | None = None) -> APIClient:
    """A client that bears a token of `user`: `client_of(acme.admin).get("/api/employees")`."""
    client = APIClient()
    client.credentials(
        HTTP_AUTHORIZATION=f"Bearer {token_of(user, acting_for=acting_for)}"
    )
    return client
