"""The current month by the calendar and cut-off day of the business.

It does not depend on the server's clock.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.models import Business
from workcards.month_math import first_of_month, previous_month
from workcards.services.uploads import default_month
from workcards.tests.factories import picture
from workforce.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db

JERUSALEM, KIRITIMATI, LOS_ANGELES = (
    "Asia/Jerusalem",
    "Pacific/Kiritimati",
    "America/Los_Angeles",
)


def set_calendar(business: Personas, zone: str, cutoff_day: int) -> None:
    with business.scope():
        Business.objects.filter(pk=business.id).update(
            time_zone=zone, month_cutoff_day=cutoff_day
        )


# The last minute in which a card counts for the previous month, and the first minute after it.
CUTOFFS = [
    # Summer time: UTC+3, +14, -7.
    (JERUSALEM, 10, "2026-06-10T20:59Z", "2026-05", "2026-06"),
    (KIRITIMATI, 10, "2026-06-10T09:59Z", "2026-05", "2026-06"),
    (LOS_ANGELES, 10, "2026-06-11T06:59Z", "2026-05", "2026-06"),
    # The turn of the year, winter time: UTC+2, +14, -8.
    (JERUSALEM, 1, "2027-01-01T21:59Z", "2026-12", "2027-01"),
    (KIRITIMATI, 1, "2027-01-01T09:59Z", "2026-12", "2027-01"),
    (LOS_ANGELES, 1, "2027-01-02T07:59Z", "2026-12", "2027-01"),
    # The last day that can be a cut-off, in a February of 28 and of 29 days.
    (JERUSALEM, 28, "2027-02-28T21:59Z", "2027-01", "2027-02"),  # local date: March
    (JERUSALEM, 28, "2028-02-28T21:59Z", "2028-01", "2028-02"),
]


@pytest.mark.parametrize(("zone", "cutoff_day", "moment", "until", "after"), CUTOFFS)
def test_the_cutoff_falls_at_the_businesss_midnight(
    acme: Personas, zone: str, cutoff_day: int, moment: str, until: str, after: str
) -> None:
    set_calendar(acme, zone, cutoff_day)
    last = dt.datetime.fromisoformat(moment)
    for at, month in ((last, until), (last + dt.timedelta(minutes=1), after)):
        with acme.scope(), time_machine.travel(at, tick=False):
            assert f"{default_month():%Y-%m}" == month


@pytest.mark.parametrize(
    ("moment", "months"),
    [
        # It is 2026 in Los Angeles, 2027 in Jerusalem and the 2nd of January on Kiritimati.
        (
            "2027-01-01T10:30Z",
            {JERUSALEM: "2026-12", KIRITIMATI: "2027-01", LOS_ANGELES: "2026-12"},
        ),
        # The 2nd everywhere but in Los Angeles.
        (
            "2027-01-02T07:30Z",
            {JERUSALEM: "2027-01", KIRITIMATI: "2027-01", LOS_ANGELES: "2026-12"},
        ),
        ("2026-12-31T09:59Z", dict.fromkeys((KIRITIMATI, LOS_ANGELES), "2026-12")),
    ],
)
def test_at_one_moment_cards_of_two_businesses_are_for_different_months(
    acme: Personas, moment: str, months: dict[str, str]
) -> None:
    with acme.scope():
        site_id = str(SiteFactory().pk)
    uploaded = {}
    with time_machine.travel(dt.datetime.fromisoformat(moment), tick=False):
        for shade, zone in enumerate(months):
            set_calendar(acme, zone, 1)
            body = {"files": [_scan(shade)], "site_id": site_id}
            client = client_of(acme.uploader)
            response = client.post("/api/work_cards/upload", body, format="multipart")
            (card,) = response.json()["uploaded"]
            uploaded[zone] = card["processing_month"]
    assert uploaded == months


def _scan(shade: int) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{shade}.png", picture(shade))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    zone=st.sampled_from([JERUSALEM, KIRITIMATI, LOS_ANGELES, "UTC"]),
    cutoff_day=st.integers(1, 28),
    moment=st.datetimes(
        dt.datetime(2020, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
        dt.datetime(2035, 1, 1),  # noqa: DTZ001
        timezones=st.just(dt.UTC),
    ),
)
def test_at_any_moment_the_month_is_that_of_the_local_date(
    acme: Personas, zone: str, cutoff_day: int, moment: dt.datetime
) -> None:
    set_calendar(acme, zone, cutoff_day)
    today = moment.astimezone(ZoneInfo(zone)).date()
    this_month = first_of_month(today)
    with acme.scope(), time_machine.travel(moment, tick=False):
        month = default_month()
    is_late = today.day <= cutoff_day
    assert month == (previous_month(this_month) if is_late else this_month)
