"""The database's clock, for times that several machines write and compare."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the time on the database's clock. One query, in every scope and in none.

    Evidence is compared with the time of a sign-out. If each machine took its own time, a machine that is ahead would
    sign in users who stay signed in after a later sign-out, and one that is behind would refuse its own evidence.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
