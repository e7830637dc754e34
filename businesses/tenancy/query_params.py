"""Query parameters of endpoints about one business."""

from rest_framework.exceptions import ErrorDetail, ValidationError

from automatehq.api.fields import IdField
from automatehq.api.query_serializers import QuerySerializer

from .context import try_get_business_id

REQUIRED = ErrorDetail("Choose a business.", code="required")


class OneBusinessQuery(QuerySerializer):
    """Query parameters of an endpoint about one business.

    `business_id` is required in the platform scope, which has no business of its own.
    In a business's scope it filters, as in lists. The id of another business gives no
    rows, like an unknown id.
    """

    business_id = IdField(
        required=False,
        help_text="Required for super-admins who do not act for a business.",
    )

    def validate(self, values: dict[str, object]) -> dict[str, object]:
        if "business_id" not in values and try_get_business_id() is None:
            raise ValidationError({"business_id": [REQUIRED]})
        return values
