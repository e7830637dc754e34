"""The form token: the signed business for which a form was rendered.

Saving the form in the scope of another business is rejected.
"""

from django.core import signing
from django.http import HttpRequest

from .context import try_get_scope

FORM_BUSINESS_FIELD = "_business"
_SIGNER = signing.Signer(salt="automatehq.admin.business")


def sign_form_token() -> str:
    """Return the token for a form: the business in scope, or the platform, signed."""
    scope = try_get_scope()
    return _SIGNER.sign(str(scope.business_id or "platform") if scope else "")


def form_matches_scope(request: HttpRequest) -> bool:
    """Return True if a posted form was rendered for the business in scope.

    It is not if the user has changed the business in another tab.
    """
    return request.POST.get(FORM_BUSINESS_FIELD) == sign_form_token()


def form_is_for_other_business(request: HttpRequest) -> bool:
    """Return True if a posted form has a valid token of another business.

    Return False for a form without a valid token.
    """
    token = request.POST.get(FORM_BUSINESS_FIELD, "")
    try:
        _SIGNER.unsign(token)
    except signing.BadSignature:
        return False
    return token != sign_form_token()
