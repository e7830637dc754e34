"""Serializers of the actions of cards and months: request bodies, then responses. docs/api.md lists every field."""

from typing import Any

from rest_framework import serializers

from automatehq.api.fields import (
    DateField,
    HoursField,
    IdField,
    LineSerializerField,
    MonthField,
    NamedReference,
    ReferenceField,
)
from automatehq.api.serializers import StrictSerializer
from workforce.fuzzy_matching import Reason
from workforce.models import Employee, Site

from .models import WorkCard
from .serializers import LAST_VERSION, WarningSerializer, WorkCardSerializer
from .transitions import DayStatus, ReviewStatus

# A date for each day of a month, at ten sites.
MAX_RESOLUTIONS = 310
MAX_APPROVED_AT_ONCE = 500


class UploadSerializer(StrictSerializer):
    """Scans, and their site, employee and month."""

    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True, max_length=None),
        allow_empty=False,
        max_length=50,
    )
    site_id = ReferenceField(queryset=Site.objects, required=False)
    employee_id = ReferenceField(queryset=Employee.objects, required=False)
    month = MonthField(required=False)
    allow_duplicate = serializers.BooleanField(default=False)


class AssignSerializer(StrictSerializer):
    employee_id = ReferenceField(queryset=Employee.objects, allow_null=True)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=LAST_VERSION
    )


class ResolutionSerializer(StrictSerializer):
    """The answer to one conflict."""

    date = DateField()
    choice = serializers.ChoiceField(["keep", "replace", "add"])
    approved_day_id = IdField()


class ApproveSerializer(StrictSerializer):
    version = serializers.IntegerField(min_value=1, max_value=LAST_VERSION)
    resolutions: Any = serializers.ListSerializer(
        child=ResolutionSerializer(), required=False, max_length=MAX_RESOLUTIONS
    )


class SeenSerializer(StrictSerializer):
    """A card, and the version that the reviewer saw."""

    id = IdField()
    version = serializers.IntegerField(min_value=1, max_value=LAST_VERSION)


class BulkApproveSerializer(StrictSerializer):
    cards: Any = serializers.ListSerializer(
        child=SeenSerializer(), allow_empty=False, max_length=MAX_APPROVED_AT_ONCE
    )


class ReasonSerializer(StrictSerializer):
    reason = LineSerializerField(max_length=500)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=LAST_VERSION
    )


class StatusSerializer(StrictSerializer):
    status = serializers.ChoiceField(ReviewStatus.choices)
    version = serializers.IntegerField(min_value=1, max_value=LAST_VERSION)
    reason = LineSerializerField(required=False, allow_blank=True, max_length=500)
    resolutions: Any = serializers.ListSerializer(
        child=ResolutionSerializer(), required=False, max_length=MAX_RESOLUTIONS
    )


class CloseMonthSerializer(StrictSerializer):
    force = serializers.BooleanField(default=False)
    note = LineSerializerField(default="", allow_blank=True, max_length=500)


class ReopenMonthSerializer(StrictSerializer):
    reason = LineSerializerField(max_length=500)


# Responses of actions, for the OpenAPI document. The views build the responses.


class RepostedSerializer(serializers.Serializer[Any]):
    """A day of another approved card that is in the ledger again after reopening a card."""

    date = DateField()
    site = NamedReference("site_name")
    hours = HoursField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    day_status = serializers.ChoiceField(DayStatus.choices, allow_null=True)
    work_card_id = IdField()


class NotRepostedSerializer(RepostedSerializer):
    """A day that clashes with the ledger: the reason, and the card of the clashing row."""

    set_aside_by_id = IdField()
    code = serializers.ChoiceField(["too_many_hours", "absence_not_alone"])
    detail = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """The card after an action, changed days of other cards, and the card's warnings."""

    card = WorkCardSerializer()
    reposted = RepostedSerializer(many=True)
    not_reposted = NotRepostedSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
    warning_details = WarningSerializer(many=True)


class CandidateSerializer(serializers.Serializer[Any]):
    """A suggested employee."""

    id = IdField()
    name = serializers.CharField(source="full_name")
    passport_id = serializers.CharField(allow_null=True)
    former_passport_id = serializers.CharField(allow_null=True)
    external_employee_id = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()


class SuggestionSerializer(serializers.Serializer[Any]):
    """A suggested employee, the home site, and the reason as a code and as a sentence."""

    employee = CandidateSerializer()
    site = NamedReference("employee.site_name")
    reason = serializers.ChoiceField(Reason.choices)
    detail = serializers.CharField(source="reason.label")


class RefusedCardSerializer(serializers.Serializer[Any]):
    """A card that was not approved, with the error that approving it alone would return.

    The fields of the error are included, except `card`.
    """

    id = IdField()
    code = serializers.CharField()
    detail = serializers.CharField()
    conflicts = serializers.ListField(child=serializers.DictField(), required=False)
    changed_by = serializers.DictField(required=False, allow_null=True)
    changed_at = serializers.DateTimeField(required=False)
    warning_details = WarningSerializer(many=True, required=False)


class CardWarningSerializer(WarningSerializer):
    """A warning about the card with this id."""

    id = IdField()


class ApprovalsSerializer(serializers.Serializer[Any]):
    """The result for each card; `warnings` are about approved cards."""

    approved = serializers.ListField(child=IdField())
    failed = RefusedCardSerializer(many=True)
    warnings = CardWarningSerializer(many=True)


class ExistingCardSerializer(serializers.Serializer[WorkCard]):
    work_card_id = IdField(source="pk")
    employee = NamedReference("employee.full_name")
    processing_month = MonthField()
    review_status = serializers.ChoiceField(ReviewStatus.choices)


class DuplicateSerializer(serializers.Serializer[Any]):
    filename = serializers.CharField()
    existing = ExistingCardSerializer(many=True)


class FailureSerializer(serializers.Serializer[Any]):
    filename = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class UploadsSerializer(serializers.Serializer[Any]):
    """The result for each file."""

    uploaded = WorkCardSerializer(many=True)
    duplicates = DuplicateSerializer(many=True)
    failed = FailureSerializer(many=True)
