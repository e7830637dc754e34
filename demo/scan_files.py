"""Scans of the cards that have an image."""

from django.utils.translation import override

from workcards.transitions import DayStatus

from . import vocabulary
from .card_image import CardLine
from .card_plans import Plan
from .people import DemoBusiness
from .scan_rendering import Scan, Sheet
from .timesheets import Day


def scans_of(
    business: DemoBusiness, plans: list[Plan]
) -> list[tuple[list[Plan], Scan]]:
    """Return the scans to render, each with the plans of its cards."""
    found = []
    for number, plan in enumerate(plans):
        if plan.is_by_hand or plan.first_page:
            continue
        pages = [plan, *plan.followers]
        rng = business.rng("file name", number)
        name = (
            f"{plan.site.site_name} {plan.month:%Y-%m}.pdf"
            if plan.followers
            else rng.choice(vocabulary.FILE_NAMES).format(
                number=rng.randrange(1, 4_000)
            )
        )
        sheets = [
            _sheet(
                business,
                page,
                f"{business.options.seed}/{business.number}/{number}/{page.page}",
            )
            for page in pages
        ]
        found.append((pages, Scan(name, sheets)))
    return found


def _sheet(business: DemoBusiness, plan: Plan, chance: str) -> Sheet:
    employee = plan.person.employee
    return Sheet(
        business_name=business.row.business_name,
        site_name=plan.site.site_name,
        employee_name=employee.full_name,
        employee_number=employee.external_employee_id or "",
        month=plan.month,
        days=[_line(day, business.row.language) for day in plan.days],
        chance=chance,
    )


def _line(day: Day, language: str) -> CardLine:
    figures = day.figures
    note = figures.comment
    if figures.day_status:
        with override(language):
            note = str(DayStatus(figures.day_status).label)
    return CardLine(
        day.work_date,
        figures.from_time,
        figures.to_time,
        figures.break_minutes or None,
        figures.total_hours,
        note,
    )
