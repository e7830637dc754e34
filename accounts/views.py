"""API views of users."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView as View

from automatehq.api.parsers import JSONObjectParser
from automatehq.api.routing import endpoint
from automatehq.api.views import require_empty_body
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import try_get_scope
from businesses.tenancy.permissions import ActAsRequired, BelongsToBusiness
from businesses.tenancy.viewsets import TenantViewSet

from . import services
from .filters import UserFilterSet
from .models import User
from .openapi_errors import error_response
from .serializers import ActivationSerializer, UserSerializer

NOT_PERMITTED = error_response(
    "Role without this permission, or acting required",
    "permission_denied",
    "act_as_required",
)
LAST_ADMIN = error_response("The last active administrator", "last_admin")


class ManagesUsers(BelongsToBusiness):
    """Mixin of views that manage users.

    Administrators manage the users of their business. On the platform, super-admins manage the super-admins. A
    super-admin acts for a business before managing its users.
    """

    def has_permission(self, request: Request, view: View) -> bool:
        user: Any = request.user
        return bool(
            user.is_authenticated and user.may("users.manage_super_admins")
        ) or super().has_permission(request, view)

    def has_object_permission(self, request: Request, view: View, obj: object) -> bool:
        scope = try_get_scope()
        is_on_platform = scope is not None and scope.kind == "platform"
        if request.method in SAFE_METHODS or not is_on_platform:
            return super().has_object_permission(request, view, obj)
        if not isinstance(obj, User) or obj.business_id != PLATFORM_ID:
            raise ActAsRequired
        return True


@extend_schema_view(
    create=endpoint(responses={201: UserSerializer, 403: NOT_PERMITTED}),
    update=endpoint(
        responses={200: UserSerializer, 403: NOT_PERMITTED, 409: LAST_ADMIN}
    ),
    partial_update=endpoint(
        responses={200: UserSerializer, 403: NOT_PERMITTED, 409: LAST_ADMIN}
    ),
)
class UserViewSet(TenantViewSet[User]):
    """Users of your business; for a super-admin, the users of all businesses.

    You cannot edit, reset or deactivate a user whose role is above your own, or assign such a role. You cannot demote
    or deactivate yourself. On the platform, super-admins create and manage super-admins.
    """

    queryset = User.objects
    serializer_class = UserSerializer
    filterset_class = UserFilterSet
    permission_classes = [ManagesUsers]
    search_fields = ("full_name", "email", "phone_number")
    parser_classes = [JSONObjectParser]
    ordering = ("full_name",)
    ordering_fields = ("full_name", "email", "role", "last_login", "created_at")
    read_right = "users.see"
    write_right = "users.manage"

    def perform_create(self, serializer: serializers.BaseSerializer[User]) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = services.create_user(
            password=values.pop("password"), values=values, actor=self._actor
        )

    def perform_update(self, serializer: serializers.BaseSerializer[User]) -> None:
        assert serializer.instance is not None
        serializer.instance = services.update_user(
            user_id=serializer.instance.pk,
            values=serializer.validated_data,
            actor=self._actor,
        )

    @endpoint(responses={204: None, 403: NOT_PERMITTED, 409: LAST_ADMIN})
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate a user. Users are never deleted."""
        services.deactivate_user(user_id=self.get_object().pk, actor=self._actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @endpoint(
        "POST {id}/activate",
        right="users.manage",
        request=ActivationSerializer,
        responses=UserSerializer,
    )
    def activate(self, request: Request, pk: uuid.UUID) -> Response:
        """Activate a user, who can then sign in again. A released user needs a new `email`."""
        user = self.get_object()
        body = ActivationSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        user = services.activate_user(
            user_id=user.pk, actor=self._actor, **body.validated_data
        )
        return Response(self.get_serializer(user).data)

    @endpoint(
        "POST {id}/deactivate",
        right="users.manage",
        request=None,
        responses={200: UserSerializer, 403: NOT_PERMITTED, 409: LAST_ADMIN},
    )
    def deactivate(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate a user. All tokens and sessions of the user become invalid."""
        require_empty_body(request)
        user = services.deactivate_user(user_id=self.get_object().pk, actor=self._actor)
        return Response(self.get_serializer(user).data)

    @endpoint(
        "POST {id}/release",
        right="users.manage",
        request=None,
        responses={
            200: UserSerializer,
            403: NOT_PERMITTED,
            409: error_response("The user is active", "user_is_active"),
        },
    )
    def release(self, request: Request, pk: uuid.UUID) -> Response:
        """Release the e-mail and phone of an inactive user for use by other businesses."""
        require_empty_body(request)
        user = services.release_user(user_id=self.get_object().pk, actor=self._actor)
        return Response(self.get_serializer(user).data)

    @property
    def _actor(self) -> Any:
        return self.request.user
