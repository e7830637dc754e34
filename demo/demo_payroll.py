"""The payroll profile and the closed months of the demo."""

from datetime import timedelta

from django.db.models import Max

from businesses.tenancy.context import business_scope
from exports.models import ExportRun
from exports.profile_services import create_profile
from exports.profiles import COMPONENTS
from exports.services import request_run
from exports.tasks import make_export
from workcards.models import WorkCard
from workcards.services import close_month

from .people import DemoBusiness

# The last months are still open; every third business has two more open months.
STILL_OPEN, LATE = 2, 2
FIRST_CODE = 100


def make_profile(business: DemoBusiness) -> None:
    """Create the format in which the business's payroll program reads files."""
    business.clock.time = business.at(business.first_day, 12)
    create_profile(
        values={
            "name": business.phrases.profile_name,
            "organization_number": f"{business.rng('profile').randrange(10_000):04}",
            "components": {
                part: str(FIRST_CODE + number) for number, part in enumerate(COMPONENTS)
            },
        },
        actor=business.admin,
    )


def close_months(business: DemoBusiness) -> None:
    """Close the months that are done, each after the last change of its cards."""
    is_late = business.number % 3 == 2
    latest = business.at(business.today, 0)
    for month in business.months[: -STILL_OPEN - (LATE if is_late else 0)]:
        cards = WorkCard.objects.for_month(month)
        last = cards.aggregate(last=Max("updated_at"))["last"] or business.at(month, 9)
        business.clock.time = last + min(timedelta(hours=3), (latest - last) / 2)
        is_forced = cards.pending().exists()
        close_month(
            month=month,
            actor=business.admin,
            force=is_forced,
            note=business.phrases.closing_note if is_forced else "",
        )


def export_first_month(business: DemoBusiness) -> None:
    """Create the file of the first month with the real task, at the real time."""
    with business_scope(business.row.pk):
        run = request_run(
            actor=business.admin,
            kind=ExportRun.Kind.DAYS_CSV,
            processing_month=business.months[0],
        )
    # Run the task immediately; the worker then finds it done.
    make_export.call(run_id=str(run.pk), business_id=str(business.row.pk))
