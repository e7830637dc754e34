"""Serializers of an import: the request, the validation of a row, and the response."""

from typing import TYPE_CHECKING, Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from automatehq.api.errors import Invalid
from automatehq.api.fields import IdField
from automatehq.api.serializers import StrictSerializer
from workforce.serializers import EmployeeSerializer

from .code_pages import ENCODINGS
from .file_parsing import Choices, ParsedTable

if TYPE_CHECKING:
    from .services import Import


class PersonSerializer(EmployeeSerializer):
    """The values of one row, validated like an employee of the API. For the site see `site_matching.py`."""

    class Meta(EmployeeSerializer.Meta):
        fields = (  # type: ignore[assignment]
            "full_name",
            "passport_id",
            "external_employee_id",
            "phone_number",
            "started_on",
            "left_on",
        )
        read_only_fields = ()  # type: ignore[assignment]

    site_id = None  # type: ignore[assignment]
    site = None  # type: ignore[assignment]


@extend_schema_serializer(component_name="EmployeeFile")
class PreviewRequestSerializer(StrictSerializer):
    """An employee file."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)
    sheet = serializers.CharField(
        required=False, allow_blank=True, max_length=100, trim_whitespace=False
    )
    encoding = serializers.ChoiceField(
        choices=ENCODINGS, required=False, allow_blank=True
    )

    def to_internal_value(self, data: object) -> dict[str, object]:
        # Of several files only the last would be read, and the others ignored without an error.
        if isinstance(data, MultiValueDict) and len(data.getlist("file")) > 1:
            raise Invalid("too_many_files", _("Send one file at a time."), "file")
        values: dict[str, Any] = super().to_internal_value(data)
        values["choices"] = Choices(values.pop("sheet", ""), values.pop("encoding", ""))
        return values


@extend_schema_serializer(component_name="ImportOrder")
class ApplyRequestSerializer(PreviewRequestSerializer):
    """The same file again, and the hash of its preview."""

    hash = serializers.RegexField(r"^[0-9a-f]{64}$", max_length=64)
    skip_errors = serializers.BooleanField(default=False)


class ImportSummarySerializer(serializers.Serializer[Any]):
    create = serializers.IntegerField()  # type: ignore[assignment]
    update = serializers.IntegerField()  # type: ignore[assignment]
    unchanged = serializers.IntegerField()
    error = serializers.IntegerField()


class RowProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class RowChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)


class ImportRowSerializer(serializers.Serializer[Any]):
    """A row of the file, with its number in a spreadsheet."""

    row = serializers.IntegerField()
    action = serializers.ChoiceField(["create", "update", "unchanged", "error"])
    employee_id = IdField(allow_null=True)
    changes = RowChangeSerializer(many=True)
    errors = RowProblemSerializer(many=True)  # type: ignore[assignment]
    warnings = RowProblemSerializer(many=True)


class ReadColumnSerializer(serializers.Serializer[Any]):
    """A column of the file: its header, and the field that it fills."""

    header = serializers.CharField()
    field = serializers.CharField()


class ReadFileSerializer(serializers.Serializer[Any]):
    """The way in which the file was read. `sheet` and `encoding` can be chosen."""

    format = serializers.ChoiceField(["xlsx", "csv"])
    sheet = serializers.CharField(allow_null=True)
    sheets = serializers.ListField(child=serializers.CharField())
    encoding = serializers.CharField(allow_null=True)
    is_encoding_guessed = serializers.BooleanField()
    delimiter = serializers.CharField(allow_null=True)
    header_row = serializers.IntegerField()
    row_count = serializers.IntegerField()
    columns = ReadColumnSerializer(many=True)
    ignored_columns = serializers.ListField(child=serializers.CharField())
    warnings = RowProblemSerializer(many=True)


class ImportSerializer(serializers.Serializer[Any]):
    """The planned or applied changes of a file. The schema only: `import_json` writes it, a thousand times as fast."""

    hash = serializers.CharField()
    summary = ImportSummarySerializer()
    ignored_columns = serializers.ListField(child=serializers.CharField())
    read = ReadFileSerializer()
    rows = ImportRowSerializer(many=True)


def import_json(result: "Import", *, is_applied: bool = False) -> dict[str, object]:
    """Return an import as the body of a response; once applied, with the ids of new employees."""
    return {
        "hash": result.hash,
        "summary": result.summary,
        "ignored_columns": list(result.table.ignored),
        "read": read_json(result.table),
        "rows": [
            {
                "row": plan.row.number,
                "action": plan.action,
                "employee_id": _id_of(plan, is_applied=is_applied),
                "changes": plan.changes,
                "errors": [problem._asdict() for problem in plan.row.errors],
                "warnings": [problem._asdict() for problem in plan.row.warnings],
            }
            for plan in result.plans
        ],
    }


def read_json(table: ParsedTable) -> dict[str, object]:
    """Return the way in which a file was read, as a part of the body."""
    return {
        "format": table.format,
        "sheet": table.sheet,
        "sheets": list(table.sheets),
        "encoding": table.encoding,
        "is_encoding_guessed": table.is_encoding_guessed,
        "delimiter": table.delimiter,
        "header_row": table.header_row,
        "row_count": len(table.rows),
        "columns": [
            {"header": header, "field": name} for name, header in table.columns.items()
        ],
        "ignored_columns": list(table.ignored),
        "warnings": [warning._asdict() for warning in table.notes],
    }


def _id_of(plan: Any, *, is_applied: bool) -> str | None:
    if is_applied and plan.action == "create":
        return str(plan.employee.pk)
    return str(plan.employee_id) if plan.employee_id else None
