"""The scope of one account, outside the scopes of businesses.

Row-level security shows the plain login one row of `accounts`: the row that `app.account_id` names.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from businesses.tenancy.context import unscoped

# The id that matches no account, so that an unknown address costs the same queries as a known one.
NO_ACCOUNT = uuid.UUID(int=0)


@contextmanager
def account_scope(account_id: uuid.UUID | None) -> Iterator[None]:
    """Leave any scope and show the row of one account, in a transaction.

    Business scopes may be opened inside. None shows no row. Not reentrant.
    """
    with unscoped(), transaction.atomic(savepoint=False):
        _show(account_id or NO_ACCOUNT)
        yield
        if not connection.needs_rollback:
            _show(None)


def _show(account_id: uuid.UUID | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.account_id', %s, true)",
            [str(account_id) if account_id else ""],
        )
