"""API views of the businesses that a person can work for."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.parsers import JSONObjectParser
from automatehq.api.routing import endpoint
from automatehq.api.views import APIView

from . import token_sessions
from .auth_serializers import (
    BusinessChoicesSerializer,
    SignedInSerializer,
    SwitchSerializer,
)
from .business_switch import businesses_of, enter_business
from .openapi_errors import error_response


class BusinessChoicesView(APIView):
    permission_classes = [IsAuthenticated]

    @endpoint(responses=BusinessChoicesSerializer)
    def get(self, request: Request) -> Response:
        """List the businesses that you can work for, by name."""
        user: Any = request.user
        return Response(
            BusinessChoicesSerializer({"businesses": businesses_of(user)}).data
        )


class SwitchView(APIView):
    permission_classes = [IsAuthenticated]
    parser_classes = [JSONObjectParser]

    @endpoint(
        request=SwitchSerializer,
        responses={
            200: SignedInSerializer,
            401: error_response(
                "You were signed out of the other business", "token_not_valid"
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Switch to another of your businesses, without a new sign-in.

        The response has new tokens. The tokens of the present business become invalid. A business where you have no
        active user is answered like an unknown ID.
        """
        body = SwitchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        credentials: Any = request.auth
        user = enter_business(
            request._request,
            user=request.user,  # type: ignore[arg-type]
            **body.validated_data,
        )
        token_sessions.end_current_sign_in(credentials)
        tokens = token_sessions.start_sign_in(
            user,
            admitted_at=credentials.issued_at,
            auth_time=credentials.auth_time,
        )
        signed_in = {
            **tokens._asdict(),
            "user": user,
            "business": user.business,
            "businesses": businesses_of(user),
        }
        return Response(SignedInSerializer(signed_in).data)
