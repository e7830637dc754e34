"""The database's clock, for timestamps that several machines write and compare."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the time of the database's clock. One query, in any scope or without one.

    Credentials are compared with the time of a sign-out. With the clocks of the machines, a fast machine would issue
    credentials that stay valid after a later sign-out, and a slow machine would reject the credentials that it
    issued.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
