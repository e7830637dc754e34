"""The business that a form was drawn for, signed into it: saving it in another one is refused."""

from django.core import signing
from django.http import HttpRequest

from .context import try_get_scope

FORM_FIELD = "_business"
_SIGNER = signing.Signer(salt="automatehq.admin.business")


def seal() -> str:
    """What a form carries to say for whom it was drawn: the business in scope, or the platform."""
    scope = try_get_scope()
    return _SIGNER.sign(str(scope.business_id or "platform") if scope else "")


def form_matches_scope(request: HttpRequest) -> bool:
    """False if a posted form was drawn for another business than the one in scope: another tab has changed it."""
    return request.POST.get(FORM_FIELD) == seal()


def form_is_for_other_business(request: HttpRequest) -> bool:
    """True if a posted form says, under our signature, that it was drawn elsewhere; false of one that says nothing."""
    sealed = request.POST.get(FORM_FIELD, "")
    try:
        _SIGNER.unsign(sealed)
    except signing.BadSignature:
        return False
    return sealed != seal()
