"""The database's clock, for timestamps that several machines write and compare."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the time of the database's clock. One query, in any scope or without one.

    Credentials are compared with the time of a sign-out. A machine with a fast clock would issue credentials that stay
    valid after a later sign-out. A machine with a slow clock would reject the credentials that it issued.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
