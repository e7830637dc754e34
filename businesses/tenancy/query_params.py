"""Questions about one business, in the scope of a business or in the platform's."""

from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from automatehq.api.fields import IdField
from automatehq.api.query_serializers import QuerySerializer

from .context import try_get_business_id

REQUIRED = ErrorDetail("Say of which business.", code="required")


class OneBusinessQuery(QuerySerializer):
    """`business_id` must be said in the platform's scope, where no business is at hand.

    In a business's own scope it narrows, as in lists: another's finds nothing, like one that never existed.
    """

    business_id = IdField(
        required=False,
        help_text="Needed by a super-admin who acts for no business.",
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "business_id" not in values and try_get_business_id() is None:
            raise ValidationError({"business_id": [REQUIRED]})
        return values
