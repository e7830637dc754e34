"""API views of export profiles."""

import uuid
from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.request_user import get_request_user
from automatehq.api.routing import endpoint
from businesses.tenancy.viewsets import TenantViewSet

from . import profile_services as services
from .filters import ExportProfileFilterSet
from .models import ExportProfile
from .profile_serializers import ExportProfileSerializer


class ExportProfileViewSet(TenantViewSet[ExportProfile]):
    """Export profiles: the file formats of payroll programs.

    A run stores a copy of its profile, so later edits change no file.
    """

    queryset = ExportProfile.objects
    serializer_class = ExportProfileSerializer
    filterset_class = ExportProfileFilterSet
    search_fields = ("name",)
    ordering = ("name",)
    ordering_fields = ("name", "created_at")
    read_right = "exports.see"
    write_right = "exports.create"

    def perform_create(
        self, serializer: serializers.BaseSerializer[ExportProfile]
    ) -> None:
        serializer.instance = services.create_profile(
            values=serializer.validated_data, actor=get_request_user(self.request)
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = services.update_profile(
            profile_id=serializer.instance.pk,
            values=serializer.validated_data,
            actor=get_request_user(self.request),
        )

    @endpoint(responses={204: None})
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete a profile. Runs that used the profile stay unchanged."""
        services.delete_profile(
            profile_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
