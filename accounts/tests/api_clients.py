"""API clients of signed-in users."""

import uuid
from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.token_sessions import start_sign_in
from accounts.tokens import acting_token, read_access_token
from businesses.models import Business
from businesses.tenancy.context import business_scope


def token_of(user: User, *, acting_for: Business | None = None) -> str:
    """Return an access token of `user`.

    With `acting_for`, it is a super-admin's token for that business. The audit trail has no event of this acting.
    """
    access = start_sign_in(user).access
    sign_in_id = read_access_token(access).sign_in_id
    if acting_for is None or sign_in_id is None:
        return access
    with business_scope(user.business_id):
        user.acting_business = acting_for
        user.acting_reason = "sample"
        user.acting_expires_at = timezone.now() + timedelta(hours=1)
        user.acting_token = uuid.uuid4()
        user.save()
    return str(acting_token(user, sign_in_id))


def client_of(user: User, *, acting_for: Business | None = None) -> APIClient:
    """Return a client with a token of `user`.

    Example: `client_of(acme.admin).get("/api/employees")`.
    """
    client = APIClient()
    client.credentials(
        HTTP_AUTHORIZATION=f"Bearer {token_of(user, acting_for=acting_for)}"
    )
    return client
