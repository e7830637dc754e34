"""OpenAPI examples of error responses."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from automatehq.api.schema import RefusalSerializer

_DETAILS = {
    "authentication_failed": "The e-mail or the password is wrong.",
    "token_not_valid": "The sign-in is not valid, or not any more.",
    "user_inactive": "This user is inactive.",
    "business_inactive": "This business is inactive.",
    "too_many_attempts": "Too many failed attempts to sign in. Try again later.",
    "too_many_at_once": "Too many passwords are being checked at once. Try again in a few seconds.",
    "act_as_required": "Act for the business first: POST /api/auth/act-as.",
    "permission_denied": "This role is above your own.",
    "last_admin": "This is the last active administrator.",
    "user_is_active": "Deactivate this user before releasing them.",
}


def refused(description: str, *codes: str) -> OpenApiResponse:
    """Return the OpenAPI response of an error, with an example for each of `codes`."""
    return OpenApiResponse(
        RefusalSerializer,
        description,
        [
            OpenApiExample(
                code,
                value={
                    "type": "client_error",
                    "errors": [{"code": code, "detail": _DETAILS[code], "attr": None}],
                },
                response_only=True,
            )
            for code in codes
        ],
    )
