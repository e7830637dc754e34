"""OpenAPI examples of error responses."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from automatehq.api.schema import RefusalSerializer

_DETAILS = {
    "authentication_failed": "The e-mail or password is wrong.",
    "token_not_valid": "Your session is invalid or has expired.",
    "user_inactive": "This user is inactive.",
    "business_inactive": "This business is inactive.",
    "too_many_attempts": "Too many failed attempts to sign in. Try again later.",
    "too_many_at_once": "Too many passwords are being checked at once. Try again in a few seconds.",
    "act_as_required": "Act for the business first: POST /api/auth/act-as.",
    "permission_denied": "This role is higher than yours.",
    "last_admin": "This is the last active administrator.",
    "user_is_active": "Deactivate the user before the release.",
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
