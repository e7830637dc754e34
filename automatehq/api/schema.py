"""Generation of the OpenAPI 3.1 schema. `docs.py` serves the document and its page."""

from typing import Any

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from drf_spectacular.plumbing import is_patched_serializer
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from .filters import is_list, ordering_table


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem of a request."""

    code = serializers.CharField(help_text="For client code; never translated.")
    detail = serializers.CharField(help_text="For users; translated.")
    attr = serializers.CharField(
        allow_null=True,
        help_text="Path of the field, such as entries.3.from_time; null for the whole request.",
    )


class RefusalSerializer(serializers.Serializer[Any]):
    """The reasons for an error response. Some errors add members beside `errors`."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = ProblemSerializer(many=True)  # type: ignore[assignment]


class AutoSchema(SpectacularSchema):
    """The schema of drf-spectacular, with the error responses of every view."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction=direction)
        if direction == "response":
            for status in self._error_statuses():
                if status not in bodies:
                    bodies[status] = self._get_response_for_code(
                        RefusalSerializer, status
                    )
        return bodies

    def _error_statuses(self) -> list[str]:
        """Return the error status codes of this kind of request."""
        has_sign_in = any(self.get_auth())
        writes = self.method not in ("GET", "HEAD", "OPTIONS")
        return [
            "400",
            *(["401", "403"] if has_sign_in else []),
            # No row with this id, or no such page of a list.
            *(["404"] if "{" in self.path or self._is_list_view() else []),
            *(["409", "429"] if writes else []),
        ]

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Add two lists of `Meta` to the schema of a serializer.

        `may_be_absent`: fields of a response that depend on the request or the role; they are not required.
        `always_required`: fields of a request that PATCH requires too.
        """
        schema = super()._map_basic_serializer(serializer, direction)
        meta = getattr(serializer, "Meta", None)
        absent = getattr(meta, "may_be_absent", ())
        if "required" in schema:
            schema["required"] = [n for n in schema["required"] if n not in absent]
        required = getattr(meta, "always_required", ())
        if required and is_patched_serializer(serializer, direction):
            schema["required"] = sorted(required)
        return schema

    def get_operation_id(self) -> str:
        """Return the operation id without the suffix `_create` for an action.

        An action creates no row: a generated client calls `work_cards_approve`, not `…_approve_create`.
        """
        operation_id: str = super().get_operation_id()
        if getattr(self.view, "action", None) == "create":
            return operation_id
        return operation_id.removesuffix("_create")

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Return True for actions whose response is a list; a file of a list has no pages."""
        if self.method == "GET" and is_list(self.view):
            return not self._answers_with_a_file()
        return bool(super()._is_list_view(serializer))

    def _answers_with_a_file(self) -> bool:
        responses: Any = self.get_response_serializers()
        return isinstance(responses, dict) and OpenApiTypes.BINARY in responses.values()

    def _get_paginator(self) -> Any:
        """Return a paginator for lists only; a response with `many=True` of another action is a plain array."""
        return super()._get_paginator() if is_list(self.view) else None


class FilterExtension(DjangoFilterExtension):
    """The query parameters of a list: filters, `ordering`, `search`."""

    target_class = "automatehq.api.filters.StrictFilterBackend"
    match_subclasses = True
    priority = 1

    def get_schema_operation_parameters(
        self, auto_schema: Any, *args: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(
            auto_schema, *args, **kwargs
        )
        if names := ordering_table(auto_schema.view):
            known = ", ".join(f"`{name}`" for name in names)
            parameters.append(
                _parameter(
                    "ordering",
                    f"Any of {known}; prefix with a minus to reverse the order.",
                )
            )
        if getattr(auto_schema.view, "search_fields", ()):
            parameters.append(_parameter("search", "Search words; all must match."))
        return parameters


def _parameter(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"
    match_subclasses = True

    def get_security_definition(self, auto_schema: object) -> dict[str, object]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
