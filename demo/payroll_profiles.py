"""Payroll profiles and closed months of the demo."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import display_name
from accounts.roles import Role
from audit.services import snapshot
from exports.models import ExportProfile
from exports.profiles import COMPONENTS, PROFILE_FIELDS
from workcards.models import ClosedMonth, WorkCard
from workcards.month_math import first_of_month
from workcards.services.month_closing import MONTH_FIELDS
from workcards.transitions import ReviewStatus

from .card_history import CardHistories
from .ledger_simulation import Ledger
from .people import DemoBusiness
from .seeded_random import dice, id_at

# The last months are still open; every third business has two more open months.
STILL_OPEN, LATE = 2, 2
FIRST_CODE = 100


def make_profile(firm: DemoBusiness) -> ExportProfile:
    """Return the format in which the business's payroll program reads files."""
    moment = firm.at(firm.first_day, 12)
    rng = dice(firm.size.seed, firm.number, "profile")
    return ExportProfile(
        id=id_at(moment, rng),
        business=firm.business,
        name=firm.phrases.profile_name,
        organization_number=f"{rng.randrange(10_000):04}",
        components={
            part: str(FIRST_CODE + number) for number, part in enumerate(COMPONENTS)
        },
        created_at=moment,
        updated_at=moment,
    )


def tell_profile(profile: ExportProfile, lives: CardHistories) -> None:
    (admin,) = lives.firm.with_role(Role.ADMIN)
    lives.trail.add(
        profile.created_at,
        "export_profile_created",
        profile,
        actor=admin,
        after=snapshot(profile, PROFILE_FIELDS),
    )


def close_months(lives: CardHistories) -> Iterator[ClosedMonth]:
    """Yield the closed months and record their events.

    Each month is closed after its last event.
    """
    firm = lives.firm
    (admin,) = firm.with_role(Role.ADMIN)
    is_late = firm.number % 3 == 2
    done = firm.months[: -STILL_OPEN - (LATE if is_late else 0)]
    cards: dict[date, list[WorkCard]] = {month: [] for month in firm.months}
    for card in lives.cards:
        cards[card.processing_month].append(card)
    ledger = _ledger_by_month(lives.ledger)
    for month in done:
        counts = Counter(card.review_status for card in cards[month])
        is_forced = any(counts[status] for status in ReviewStatus.pending())
        touched = [card.updated_at for card in cards[month]]
        last = max(touched, default=firm.at(month, 9))
        closed_at = last + min(timedelta(hours=3), (lives.latest - last) / 2)
        closed = ClosedMonth(
            id=id_at(closed_at, dice(firm.size.seed, firm.number, "closed", month)),
            business=firm.business,
            month=month,
            closed_by=admin,
            closed_by_name=display_name(admin),
            closed_at=closed_at,
            note=firm.phrases.closing_note if is_forced else "",
        )
        days, hours = ledger.get(month, (0, Decimal("0.00")))
        lives.trail.add(
            closed_at,
            "month_closed",
            closed,
            actor=admin,
            after=snapshot(closed, MONTH_FIELDS),
            forced=is_forced or None,
            cards={str(status): counts[status] for status in ReviewStatus},
            approved_days=days,
            hours=hours,
        )
        yield closed


def _ledger_by_month(ledger: Ledger) -> dict[date, tuple[int, Decimal]]:
    """Return the days and hours that each month pays."""
    found: dict[date, tuple[int, Decimal]] = {}
    for values in ledger.values():
        row: dict[str, Any] = dict(zip(Ledger.COLUMNS, values, strict=True))
        month = first_of_month(row["work_date"])
        days, hours = found.get(month, (0, Decimal("0.00")))
        found[month] = (days + 1, hours + (row["hours"] or 0))
    return found
