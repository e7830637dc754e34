"""API views of authentication: sign-in, tokens, own user, password, acting."""

from typing import Any

from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.parsers import JSONObjectParser
from automatehq.api.routing import endpoint
from automatehq.api.views import APIView
from businesses.tenancy.permissions import BelongsToBusiness

from . import token_sessions
from .act_as import start_acting, stop_acting
from .auth_serializers import (
    ActAsSerializer,
    ActingTokenSerializer,
    LoginSerializer,
    MeSerializer,
    PasswordChangeSerializer,
    RefreshSerializer,
    SignedInSerializer,
    TokensSerializer,
)
from .business_switch import businesses_of
from .login import check_own_password, sign_in
from .openapi_errors import error_response
from .services import change_own_password
from .tokens import acting_token

INVALID_TOKEN = error_response(
    "Invalid or expired token", "token_not_valid", "user_inactive", "business_inactive"
)


class OpenView(APIView):
    """Base class of views without authentication. A token in the header is ignored."""

    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [JSONObjectParser]


class LoginView(OpenView):
    @endpoint(
        request=LoginSerializer,
        responses={
            200: SignedInSerializer,
            401: error_response("Wrong credentials", "authentication_failed"),
            403: error_response(
                "The user or business is inactive", "user_inactive", "business_inactive"
            ),
            429: error_response(
                "Too many attempts or requests; see Retry-After",
                "too_many_attempts",
                "too_many_at_once",
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Sign in.

        Five failures for one e-mail from one address, or fifty from one address, are answered 429 `too_many_attempts`
        for 15 minutes. With the right password, 403 `user_inactive` or `business_inactive` gives the reason.
        """
        body = _read(LoginSerializer, request)
        user = sign_in(request._request, **body)
        tokens = token_sessions.start_sign_in(user, admitted_at=user.last_login)
        business = None if user.is_super_admin else user.business
        signed_in = {
            **tokens._asdict(),
            "user": user,
            "business": business,
            "businesses": businesses_of(user),
        }
        return _write(SignedInSerializer, signed_in)


class RefreshView(OpenView):
    @endpoint(
        request=RefreshSerializer, responses={200: TokensSerializer, 401: INVALID_TOKEN}
    )
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for new tokens.

        Each refresh token is valid once. A second use ends the sign-in and invalidates all its tokens. A client must
        not send two refresh requests at the same time.
        """
        tokens = token_sessions.renew(_read(RefreshSerializer, request)["refresh"])
        return _write(TokensSerializer, tokens._asdict())


class LogoutView(OpenView):
    @endpoint(request=RefreshSerializer, responses={204: None, 401: INVALID_TOKEN})
    def post(self, request: Request) -> Response:
        """Sign out. All tokens of this sign-in become invalid."""
        token_sessions.end_sign_in(_read(RefreshSerializer, request)["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    permission_classes = [IsAuthenticated]

    @endpoint(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return the signed-in user, the business they work for, and their permissions."""
        user: Any = request.user
        return _write(
            MeSerializer,
            {
                "user": user,
                "business": request._request.business,  # type: ignore[attr-defined]
                "acting": user.acting,
                "may": sorted(user.rights),
            },
        )


class PasswordView(APIView):
    permission_classes = [IsAuthenticated]
    parser_classes = [JSONObjectParser]

    @endpoint(
        request=PasswordChangeSerializer,
        responses={
            204: None,
            429: error_response(
                "Too many attempts or requests; see Retry-After",
                "too_many_attempts",
                "too_many_at_once",
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Change your own password. You are signed out everywhere.

        A wrong current password counts as a failed sign-in.
        """
        body = _read(PasswordChangeSerializer, request)
        user: Any = request.user
        check_own_password(request._request, user, body["current_password"])
        change_own_password(user=user, new_password=body["new_password"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ActAsView(APIView):
    permission_classes = [BelongsToBusiness]
    parser_classes = [JSONObjectParser]

    @endpoint(
        right="platform.act_as",
        request=ActAsSerializer,
        responses={
            200: ActingTokenSerializer,
            409: error_response("The business is inactive", "business_inactive"),
        },
    )
    def post(self, request: Request) -> Response:
        """Act for a business with an administrator's permissions for one hour.

        You act for one business at a time. Acting for another business ends, and its token is answered 401
        `acting_expired`. The audit trail of the business records the start and the end.
        """
        body = _read(ActAsSerializer, request)
        credentials: Any = request.auth
        user = start_acting(user=request.user, **body)  # type: ignore[arg-type]
        return _write(
            ActingTokenSerializer,
            {
                "access": str(acting_token(user, credentials.sign_in_id)),
                "expires_at": user.acting_expires_at,
                "business": user.acting_business,
            },
        )

    @endpoint(right="platform.act_as", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Stop acting. Use the acting token, or your own token after the hour has expired."""
        stop_acting(user=request.user)  # type: ignore[arg-type]
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(serializer_class: Any, request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    validated: dict[str, Any] = serializer.validated_data
    return validated


def _write(serializer_class: Any, value: Any) -> Response:
    return Response(serializer_class(value).data)
