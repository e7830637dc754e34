"""API views of sites and employees."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from accounts.request_user import get_request_user
from automatehq.api.converters import parse_uuid
from automatehq.api.errors import Invalid
from automatehq.api.routing import endpoint
from automatehq.api.unknown_ids import report_rejected_value
from automatehq.api.views import require_empty_body
from businesses.models import Business
from businesses.tenancy.context import try_get_business_id
from businesses.tenancy.permissions import BelongsToBusiness
from businesses.tenancy.viewsets import TenantViewSet

from . import services
from .employee_import.views import EmployeeFilesMixin
from .filters import EmployeeFilterSet, SiteFilterSet
from .models import Employee, Site, SiteSettings
from .serializers import (
    EmployeeSerializer,
    LeavingSerializer,
    SiteSerializer,
    SiteSettingsSerializer,
)

INCLUDE_COUNTS = OpenApiParameter(
    "include_counts",
    bool,
    description="Add `counts`: the numbers of your own rows that reference the site.",
)
BUSINESS_ID = OpenApiParameter(
    "business_id",
    uuid.UUID,
    description="The business of the settings. Required for super-admins who do not act for a business.",
)


class EditsAsSteward(BelongsToBusiness):
    """The permission to edit a site: its steward only.

    The status is 403 and not 404, because all businesses may read the site.
    """

    def has_object_permission(
        self, request: Request, view: APIView, obj: object
    ) -> bool:
        assert isinstance(obj, Site)
        business_id = try_get_business_id()
        is_edit = getattr(view, "action", None) in ("update", "partial_update")
        if is_edit and business_id is not None and obj.steward_id != business_id:
            return False
        return super().has_object_permission(request, view, obj)


@extend_schema_view(
    list=endpoint(parameters=[INCLUDE_COUNTS]),
    retrieve=endpoint(parameters=[INCLUDE_COUNTS]),
)
class SiteViewSet(TenantViewSet[Site]):
    """Sites, which all businesses share and may read. The settings of a site are private to each business."""

    queryset = Site.objects
    serializer_class = SiteSerializer
    filterset_class = SiteFilterSet
    permission_classes = [EditsAsSteward]
    search_fields = ("site_name", "site_code", "address")
    ordering = ("site_name",)
    ordering_fields = ("site_name", "site_code", "created_at")
    read_right = "sites.see"
    write_right = "sites.edit"

    def refine_queryset(self, queryset: Any) -> QuerySet[Site]:
        sites: Any = queryset.with_own_settings()
        return sites.with_counts() if self._include_counts() else sites  # type: ignore[no-any-return]

    def get_serializer_context(self) -> dict[str, object]:
        is_schema = getattr(self, "swagger_fake_view", False)
        return {
            **super().get_serializer_context(),
            "include_counts": is_schema or self._include_counts(),
        }

    def perform_create(self, serializer: serializers.BaseSerializer[Site]) -> None:
        site = services.create_site(
            values=serializer.validated_data, actor=get_request_user(self.request)
        )
        serializer.instance = self._read_again(site)

    def perform_update(self, serializer: Any) -> None:
        site = services.update_site(
            site_id=serializer.instance.pk,
            values=serializer.validated_data,
            actor=get_request_user(self.request),
        )
        serializer.instance = self._read_again(site)

    @endpoint(
        "POST {id}/activate",
        right="sites.manage",
        request=None,
        responses=SiteSerializer,
    )
    def activate(self, request: Request, pk: uuid.UUID) -> Response:
        """Activate a site again, for all businesses."""
        require_empty_body(request)
        site = services.activate_site(
            site_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(self.get_serializer(self._read_again(site)).data)

    @endpoint(
        "POST {id}/deactivate",
        right="sites.manage",
        request=None,
        responses=SiteSerializer,
    )
    def deactivate(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate a site for new cards and employees, in all businesses."""
        require_empty_body(request)
        site = services.deactivate_site(
            site_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(self.get_serializer(self._read_again(site)).data)

    @endpoint(right="sites.manage", responses={204: None})
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate a site; sites are never deleted."""
        services.deactivate_site(
            site_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @endpoint(
        "GET {id}/settings",
        right="site_settings.see",
        parameters=[BUSINESS_ID],
        responses=SiteSettingsSerializer,
    )
    def retrieve_settings(self, request: Request, pk: uuid.UUID) -> Response:
        """Return your business's settings of the site; before the first PUT, the default values."""
        settings = self._settings_of(self.get_object())
        return Response(self._write_settings(settings).data)

    @endpoint(
        "PUT {id}/settings",
        right="site_settings.manage",
        request=SiteSettingsSerializer,
        responses=SiteSettingsSerializer,
    )
    def update_settings(
        self, request: Request, pk: uuid.UUID, *, partial: bool = False
    ) -> Response:
        """Create or replace your business's settings of the site."""
        site = self.get_object()
        serializer = self._write_settings(
            self._settings_of(site), data=request.data, partial=partial
        )
        serializer.is_valid(raise_exception=True)
        settings = services.save_site_settings(
            site=site, values=serializer.validated_data, actor=get_request_user(request)
        )
        return Response(self._write_settings(settings).data)

    @endpoint(
        "PATCH {id}/settings",
        right="site_settings.manage",
        request=SiteSettingsSerializer,
        responses=SiteSettingsSerializer,
    )
    def partial_update_settings(self, request: Request, pk: uuid.UUID) -> Response:
        """Update some of your business's settings of the site."""
        return self.update_settings(request, pk, partial=True)

    def _include_counts(self) -> bool:
        text = self.request.query_params.get("include_counts", "false")
        if text not in ("true", "false"):
            raise Invalid("invalid", _("Enter true or false."), "include_counts")
        return text == "true"

    def _read_again(self, site: Site) -> Site:
        return self.get_queryset().get(pk=site.pk)

    def _write_settings(self, settings: SiteSettings, **kwargs: Any) -> Any:
        context = self.get_serializer_context()
        return SiteSettingsSerializer(settings, context=context, **kwargs)

    def _settings_of(self, site: Site) -> SiteSettings:
        """Return the settings of the business in scope, or an unsaved row with the defaults.

        In the platform's scope the business is that of `?business_id=`.
        """
        business_id = self._business_asked_for()
        rows = SiteSettings.objects.filter(site=site, business_id=business_id)
        row: SiteSettings | None = rows.select_related(
            "site", "responsible_employee"
        ).first()
        return row or SiteSettings(id=None, site=site, business_id=business_id)

    def _business_asked_for(self) -> uuid.UUID:
        text = self.request.query_params.get("business_id")
        if text is None:
            own_id = try_get_business_id()
            if own_id is None:
                raise Invalid("required", _("Choose a business."), "business_id")
            return own_id
        business_id = parse_uuid(text)
        if business_id is None:
            raise Invalid("invalid", _("Invalid ID."), "business_id")
        if not Business.objects.filter(pk=business_id).exists():
            report_rejected_value(
                self.request,
                kind="unknown_id",
                model=Business,
                field="business_id",
                value=business_id,
            )
            raise Invalid("does_not_exist", _("No record has this ID."), "business_id")
        return business_id


class EmployeeViewSet(EmployeeFilesMixin, TenantViewSet[Employee]):
    """The employees of your business."""

    queryset = Employee.objects.select_related("site")
    serializer_class = EmployeeSerializer
    filterset_class = EmployeeFilterSet
    search_fields = ("full_name",)
    ordering = ("full_name",)
    ordering_fields = {
        "full_name": "full_name",
        "external_employee_id": "external_employee_id",
        "site": ("site__site_name", "full_name"),
        "started_on": "started_on",
        "created_at": "created_at",
    }
    read_right = "employees.see"
    write_right = "employees.manage"

    @endpoint(parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def create(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Create an employee."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[Employee]) -> None:
        serializer.instance = services.create_employee(
            values=serializer.validated_data, actor=get_request_user(self.request)
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = services.update_employee(
            employee_id=serializer.instance.pk,
            values=serializer.validated_data,
            actor=get_request_user(self.request),
        )

    @endpoint(
        "POST {id}/activate",
        right="employees.manage",
        request=None,
        responses=EmployeeSerializer,
    )
    def activate(self, request: Request, pk: uuid.UUID) -> Response:
        """Activate an employee again; `left_on` is cleared."""
        require_empty_body(request)
        employee = services.activate_employee(
            employee_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(self.get_serializer(employee).data)

    @endpoint(
        "POST {id}/deactivate",
        right="employees.manage",
        request=LeavingSerializer,
        responses=EmployeeSerializer,
    )
    def deactivate(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate an employee who left on `left_on`, by default today at the business."""
        employee_id = self.get_object().pk
        body = LeavingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        employee = services.deactivate_employee(
            employee_id=employee_id,
            actor=get_request_user(request),
            **body.validated_data,
        )
        return Response(self.get_serializer(employee).data)

    @endpoint(
        "POST {id}/release",
        right="employees.release",
        request=None,
        responses=EmployeeSerializer,
    )
    def release(self, request: Request, pk: uuid.UUID) -> Response:
        """Release the passport of an inactive employee, so that another business can hire the employee."""
        require_empty_body(request)
        employee = services.release_employee(
            employee_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(self.get_serializer(employee).data)

    @endpoint(responses={204: None})
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        """Deactivate an employee; employees are never deleted."""
        services.deactivate_employee(
            employee_id=self.get_object().pk, actor=get_request_user(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
