"""Where a question about one business is asked."""

import uuid
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from businesses.tenancy.context import business_scope, try_get_business_id


def look_into(business_id: uuid.UUID) -> AbstractContextManager[Any]:
    """From the platform one looks into a business; from a business nowhere else: one stays where one is.

    Inside, the tables show that business alone, and the database plans as it does for the business itself: in the
    platform's scope it expects next to no rows, and a dashboard takes four times as long.
    """
    if try_get_business_id() is None:
        return business_scope(business_id)
    return nullcontext()
