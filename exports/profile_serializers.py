"""API serializers of export profiles."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer

from automatehq.api.fields import StringField
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer

from .models import ExportProfile
from .profiles import CODE_LIMIT, COMPONENTS, PROFILE_FIELDS


class PrintableField(StringField):
    """Text of one line with visible characters only: no tabs, line breaks or invisible marks."""

    default_error_messages = {
        "not_printable": _("This value contains invisible characters.")
    }

    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        if not text.isprintable():
            self.fail("not_printable")
        return text


class ComponentCodeField(PrintableField):
    """The payroll program's code for a component. Null or an empty text leaves the component out of the file."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=CODE_LIMIT,
            allow_null=True,
            allow_blank=True,
            required=False,
            **kwargs,
        )


class ComponentsSerializer(StrictSerializer):
    """Component → code. Codes are text, so that leading zeros stay."""

    hours = ComponentCodeField()
    VACATION = ComponentCodeField()
    SICK = ComponentCodeField()
    INTERNATIONAL_VISA = ComponentCodeField()
    HOLIDAY = ComponentCodeField()

    def validate(self, codes: dict[str, str | None]) -> dict[str, str | None]:
        return {component: code or None for component, code in codes.items()}


@extend_schema_serializer(examples=load_examples("exports", "export_profile"))
class ExportProfileSerializer(StrictModelSerializer):
    """The file format of a payroll program. With PATCH, omitted components keep their code."""

    name = PrintableField(max_length=100)
    organization_number = PrintableField(
        max_length=20, allow_blank=True, required=False
    )
    components = ComponentsSerializer()

    class Meta:
        model = ExportProfile
        fields = (
            "id",
            "business_id",
            *PROFILE_FIELDS,
            "created_at",
            "updated_at",
        )
        read_only_fields = ("id", "business_id", "created_at", "updated_at")

    def validate_components(self, codes: dict[str, object]) -> dict[str, object]:
        # With PATCH, the service fills in the omitted codes after it has locked the row.
        return codes if self.partial else {part: codes.get(part) for part in COMPONENTS}
