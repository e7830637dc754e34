"""Serializers of query parameters for views that are not lists."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from .serializers import StrictSerializer


@extend_schema_field({"type": "boolean"})
class FlagField(serializers.Field[bool, str, bool, Any]):
    """A boolean as `true` or `false`; DRF's field also accepts "1", "yes", "On" and more."""

    default_error_messages = {"invalid": _("Enter true or false.")}

    def to_internal_value(self, data: str) -> bool:
        if data not in ("true", "false"):
            self.fail("invalid")
        return data == "true"

    def to_representation(self, value: bool) -> bool:
        return value


class QuerySerializer(StrictSerializer):
    """A serializer of query parameters. An endpoint declares them with `parameters=[Query]`."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Return the values by name. Blank text counts as missing.

        `check_parameters` has rejected other blank parameters.

        Raises: `ValidationError` with the missing and malformed parameters.
        """
        parameters = {name: text for name, text in request.query_params.items() if text}
        query = cls(data=parameters)
        query.is_valid(raise_exception=True)
        values: dict[str, Any] = query.validated_data
        return values
