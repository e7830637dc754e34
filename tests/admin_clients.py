"""Signed-in clients of the admin, and the form tokens that their forms carry."""

import uuid
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.authentication import SESSION_KEY
from accounts.models import User
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.form_token import FORM_BUSINESS_FIELD, sign_form_token


class AdminClient(Client):
    """A client whose forms carry the form token of its business.

    A test can pass another token.
    """

    business_id: uuid.UUID | None

    def send(self, path: str, data: dict[str, Any] | None = None, **extra: Any) -> Any:
        """POST `data` with the form token of the client's business."""
        return self.post(
            path,
            {FORM_BUSINESS_FIELD: seal_of(self.business_id), **(data or {})},
            **extra,
        )


def seal_of(business_id: uuid.UUID | None) -> str:
    """Return the form token of a page of a business.

    It is the platform's if `business_id` is None.
    """
    scope: Any = business_scope(business_id) if business_id else platform_scope("test")
    with scope:
        return sign_form_token()


def admin_client_for(user: User, *, acting_for: Business | None = None) -> AdminClient:
    """Return a client signed in as `user`.

    `acting_for` is the business that a super-admin acts for.
    """
    acting_token = None
    if acting_for is not None:
        with business_scope(user.business_id):
            user.acting_business = acting_for
            user.acting_reason = "sample"
            user.acting_expires_at = timezone.now() + timedelta(hours=1)
            user.acting_token = acting_token = uuid.uuid4()
            user.save()
    client = AdminClient()
    client.business_id = (
        acting_for.pk
        if acting_for
        else None
        if user.is_super_admin
        else user.business_id
    )
    session = client.session
    now = timezone.now().timestamp()
    session[SESSION_KEY] = {
        "user_id": str(user.pk),
        "home": str(user.business_id),
        "business_id": str(client.business_id) if client.business_id else None,
        "acting": str(acting_token) if acting_token else None,
        "issued_at": now,
        "auth_time": now,
    }
    session.save()
    return client
