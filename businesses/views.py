"""API endpoints of businesses and their settings."""

import uuid
from typing import cast

from django.db import IntegrityError
from django.db.models import QuerySet
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import BusinessFilterSet
from accounts.models import User
from accounts.request_user import get_request_user
from automatehq.api.errors import (
    AlreadyInUse,
    DomainError,
    Invalid,
    error_from_database,
)
from automatehq.api.parsers import JSONObjectParser
from automatehq.api.routing import endpoint
from automatehq.api.unknown_ids import report_rejected_value
from automatehq.api.views import require_empty_body
from businesses.models import Business
from businesses.querysets import BusinessQuerySet

from . import services
from .serializers import (
    BusinessSerializer,
    BusinessSettingsSerializer,
    FirstAdminSerializer,
    NewBusinessSerializer,
)
from .tenancy.viewsets import TenantViewSet


class BusinessViewSet(TenantViewSet[Business]):
    """Your own business. Super-admins see all businesses except Platform."""

    queryset = Business.objects
    serializer_class = BusinessSerializer
    filterset_class = BusinessFilterSet
    search_fields = ("business_name", "business_code")
    parser_classes = [JSONObjectParser]
    ordering = ("business_name",)
    ordering_fields = ("business_name", "business_code", "created_at")
    read_right = "businesses.see"
    write_right = "businesses.edit"

    def refine_queryset(self, queryset: QuerySet[Business]) -> BusinessQuerySet:
        businesses = cast(BusinessQuerySet, queryset).listed()
        return businesses.with_settings() if "settings" in self.action else businesses

    def get_serializer_class(self) -> type[BusinessSerializer]:
        return (
            NewBusinessSerializer
            if self.action == "create"
            else super().get_serializer_class()  # type: ignore[return-value]
        )

    @endpoint(right="businesses.manage")
    def create(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Create a business and its first administrator."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[Business]) -> None:
        values = dict(serializer.validated_data)
        admin = values.pop("admin")
        try:
            serializer.instance = services.create_business(
                values=values, admin=admin, actor=self._actor
            )
        except IntegrityError as error:
            domain_error = error_from_database(error)
            if domain_error is None or domain_error.attr not in admin:
                raise
            self._report_in_use(admin["email"])
            raise _about_admin(domain_error) from error
        except Invalid as error:
            if isinstance(error, AlreadyInUse):
                self._report_in_use(admin["email"])
            raise _about_admin(error) from error

    def perform_update(self, serializer: serializers.BaseSerializer[Business]) -> None:
        assert serializer.instance is not None
        serializer.instance = services.update_business(
            business_id=serializer.instance.pk,
            values=serializer.validated_data,
            actor=self._actor,
        )

    @endpoint(right="businesses.manage", responses={204: None})
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate a business. Businesses are never deleted."""
        self._deactivate()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @endpoint(
        "POST {id}/activate",
        right="businesses.manage",
        request=None,
        responses=BusinessSerializer,
    )
    def activate(self, request: Request, pk: uuid.UUID) -> Response:
        """Allow the users of a business to sign in again. Earlier tokens stay invalid."""
        require_empty_body(request)
        business = services.activate_business(
            business_id=self.get_object().pk, actor=self._actor
        )
        return Response(self.get_serializer(business).data)

    @endpoint(
        "POST {id}/deactivate",
        right="businesses.manage",
        request=None,
        responses=BusinessSerializer,
    )
    def deactivate(self, request: Request, pk: uuid.UUID) -> Response:
        """Sign out all users of a business and reject new sign-ins.

        This includes super-admins who act for the business.
        """
        require_empty_body(request)
        return Response(self.get_serializer(self._deactivate()).data)

    @endpoint(
        "GET {id}/settings",
        right="businesses.see",
        responses=BusinessSettingsSerializer,
    )
    def retrieve_settings(self, request: Request, pk: uuid.UUID) -> Response:
        """Return the settings of a business, or the defaults until the first change."""
        return Response(BusinessSettingsSerializer(self.get_object().settings).data)

    @endpoint(
        "PATCH {id}/settings",
        right="businesses.edit",
        request=BusinessSettingsSerializer,
        responses=BusinessSettingsSerializer,
    )
    def partial_update_settings(self, request: Request, pk: uuid.UUID) -> Response:
        """Change some of the settings of a business."""
        business = self.get_object()
        serializer = BusinessSettingsSerializer(
            business.settings, data=request.data, partial=True
        )
        serializer.is_valid(raise_exception=True)
        settings = services.update_business_settings(
            business_id=business.pk,
            values=serializer.validated_data,
            actor=self._actor,
        )
        return Response(BusinessSettingsSerializer(settings).data)

    def _deactivate(self) -> Business:
        return services.deactivate_business(
            business_id=self.get_object().pk, actor=self._actor
        )

    def _report_in_use(self, email: str) -> None:
        report_rejected_value(
            self.request,
            kind="already_in_use",
            model=User,
            field="email",
            value=email,
        )

    @property
    def _actor(self) -> User:
        return get_request_user(self.request)


def _about_admin(domain_error: DomainError) -> DomainError:
    """Return the problems; fields of the first administrator begin with `admin.`."""
    fields = FirstAdminSerializer().fields
    return Invalid.from_problems(
        problem._replace(attr=f"admin.{problem.attr}")
        if problem.attr in fields
        else problem
        for problem in domain_error.problems
    )
