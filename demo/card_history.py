"""The cards of a business as rows, with each step and its audit event."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any

from accounts.models import User, display_name
from accounts.roles import Role
from audit.services import changes
from workcards.hours import DayFigures
from workcards.models import WorkCard, WorkCardFile
from workcards.services.audit_events import (
    FILE_FIELDS,
    by_date,
    card_snapshot,
    day_snapshot,
)
from workcards.transitions import CardSource, ReviewStatus

from .audit_history import Trail
from .card_plans import Plan, TargetStatus
from .ledger_simulation import Ledger
from .people import DemoBusiness
from .scan_rendering import RenderedScan
from .seeded_random import dice, id_at
from .timesheets import Day, changed

# The steps of a card by its final status; each step is a method of CardHistory.
STEPS = {
    TargetStatus.UNASSIGNED: (),
    TargetStatus.ASSIGNED: ("assign",),
    TargetStatus.ENTERED: ("assign", "enter"),
    TargetStatus.APPROVED: ("assign", "enter", "approve"),
    TargetStatus.REJECTED: ("assign", "reject"),
    TargetStatus.REOPENED: ("assign", "enter", "approve", "reopen"),
    TargetStatus.CORRECTED: (
        "assign",
        "enter",
        "approve",
        "reopen",
        "correct",
        "approve",
    ),
}
WORK_BEGINS, WORK_ENDS = time(7, 30), time(18)


class CardHistories:
    """All cards of a business. Call `tell`, then read the rows."""

    ENTRY_COLUMNS = (
        *("id", "business_id", "work_card_id", "work_date", "from_time", "to_time"),
        *("break_minutes", "total_hours", "day_status", "comment", "set_aside_by_id"),
    )

    def __init__(self, firm: DemoBusiness, trail: Trail) -> None:
        self.firm = firm
        self.trail = trail
        self.ledger = Ledger()
        self.cards: list[WorkCard] = []
        self.files: list[WorkCardFile] = []
        self.bytes_of: dict[uuid.UUID, bytes] = {}
        self._lives: list[CardHistory] = []
        # All steps are before the end of yesterday.
        self.latest = firm.at(firm.today, 0)

    def tell(
        self, plans: Sequence[Plan], drawn: dict[int, tuple[Plan, RenderedScan]]
    ) -> None:
        """Create the cards of the plans and run their steps in order of time.

        `drawn` maps each plan (by `id`) with a scan to the plan of the file's first page and the file.
        """
        files: dict[int, WorkCardFile] = {}
        steps: list[tuple[datetime, int, str]] = []
        for number, plan in enumerate(plans):
            life = CardHistory(self, plan, number)
            if id(plan) in drawn:
                first, file = drawn[id(plan)]
                if first is plan:
                    files[id(first)] = life.file(file)
                    self.files.append(files[id(first)])
                    self.bytes_of[files[id(first)].pk] = file.data
                life.put_on(files[id(first)], file)
            self._lives.append(life)
            self.cards.append(life.card)
            steps += [(moment, number, step) for moment, step in life.schedule()]
        for moment, number, step in sorted(steps, key=lambda step: step[:2]):
            getattr(self._lives[number], step)(moment)

    def entries(self) -> Iterator[tuple[Any, ...]]:
        """Yield all entered days as values of `ENTRY_COLUMNS`."""
        for life in self._lives:
            for day in life.entered:
                figures = day.figures
                yield (
                    id_at(life.card.updated_at, life.rng),
                    life.card.business_id,
                    life.card.pk,
                    day.work_date,
                    figures.from_time,
                    figures.to_time,
                    figures.break_minutes,
                    figures.total_hours,
                    figures.day_status,
                    figures.comment,
                    self.ledger.winner_of(life.card, day),
                )


@dataclass(eq=False)
class CardHistory:
    """The history of a card. Its methods do the same as the services of the same names."""

    lives: CardHistories
    plan: Plan
    number: int
    card: WorkCard = field(init=False)
    entered: list[Day] = field(default_factory=list)

    def __post_init__(self) -> None:
        firm, plan = self.lives.firm, self.plan
        self.rng: random.Random = dice(firm.size.seed, firm.number, "card", self.number)
        self.moment = self._handed_in_at()
        uploader = self._somebody(Role.UPLOADER)
        by_hand = plan.is_by_hand
        self.card = WorkCard(
            id=id_at(self.moment, self.rng),
            business=firm.business,
            site=plan.site,
            employee=plan.person.employee if by_hand else None,
            processing_month=plan.month,
            source=CardSource.MANUAL if by_hand else CardSource.UPLOAD_SINGLE,
            review_status=ReviewStatus.NEEDS_REVIEW
            if by_hand
            else ReviewStatus.NEEDS_ASSIGNMENT,
            notes=self.rng.choice(firm.phrases.card_notes)
            if self.rng.random() < 0.04
            else "",
            uploaded_by=uploader,
            uploaded_by_name=display_name(uploader),
            created_at=self.moment,
            updated_at=self.moment,
        )

    # Scan

    def file(self, drawn: RenderedScan) -> WorkCardFile:
        """Return the row of the file whose first page is this card."""
        intake = drawn.intake
        file = WorkCardFile(
            id=id_at(self.moment, self.rng),
            business_id=self.card.business_id,
            mime_type=intake.mime_type,
            file_size_bytes=intake.size_bytes,
            sha256_hash=intake.sha256,
            page_count=len(intake.pages),
            renditions=[
                {"width": page.width, "height": page.height, "is_made": False}
                for page in intake.pages
            ],
            created_at=self.moment,
        )
        file.original.name = file.original_path()
        return file

    def put_on(self, file: WorkCardFile, drawn: RenderedScan) -> None:
        """Make this card a page of the file."""
        card = self.card
        card.file = file
        card.original_filename = drawn.intake.filename
        card.mime_type = file.mime_type
        card.file_size_bytes = file.file_size_bytes
        card.sha256_hash = file.sha256_hash
        card.source_page_number = self.plan.page
        if file.page_count > 1:
            # All cards of an upload have the same time.
            card.source = CardSource.UPLOAD_BATCH
            self.moment = card.created_at = card.updated_at = file.created_at

    # Times

    def schedule(self) -> Iterator[tuple[datetime, str]]:
        """Yield the times and names of the card's steps."""
        steps = list(STEPS[self.plan.fate])
        if self.plan.fate is TargetStatus.REJECTED and self.rng.random() < 0.5:
            steps.remove("assign")
        if self.plan.is_by_hand:
            # A manual card is created with an employee, who is removed later if the card ends unassigned.
            steps = [step for step in steps if step != "assign"]
            if self.plan.fate is TargetStatus.UNASSIGNED:
                steps.append("unassign")
        moment = self.moment
        yield moment, "appear"
        for step in steps:
            moment = self._later(moment)
            yield moment, step

    def _handed_in_at(self) -> datetime:
        firm = self.lives.firm
        day = self.plan.ends_on + timedelta(days=self.rng.randint(1, 4))
        moment = firm.at(day, self.rng.randrange(8, 17), self.rng.randrange(60))
        # A card with days until yesterday was submitted yesterday.
        return min(
            moment,
            self.lives.latest - timedelta(minutes=self.rng.randrange(7 * 60, 12 * 60)),
        )

    def _later(self, moment: datetime) -> datetime:
        """Return a time some working hours later, but before the end of the history."""
        later = moment + timedelta(minutes=int(self.rng.expovariate(1 / 900)) + 4)
        if later.time() > WORK_ENDS:
            later += timedelta(days=1)
        if not WORK_BEGINS <= later.time() <= WORK_ENDS:
            later = later.replace(hour=9, minute=self.rng.randrange(60))
        if later >= self.lives.latest:
            later = moment + (self.lives.latest - moment) / 3
        return later

    # Steps

    def appear(self, moment: datetime) -> None:
        event, details = "card_created", {}
        if not self.plan.is_by_hand:
            event = "card_uploaded"
            details = {name: getattr(self.card, name) for name in FILE_FIELDS}
        self.lives.trail.add_card(
            moment,
            event,
            self.card,
            actor=self.card.uploaded_by,
            channel="api",
            after=card_snapshot(self.card) | details,
        )

    def assign(self, moment: datetime) -> None:
        before = card_snapshot(self.card)
        self.card.employee = self.plan.person.employee
        self.card.review_status = ReviewStatus.NEEDS_REVIEW
        uploader = self._somebody(Role.UPLOADER)
        self._changed(moment, "card_assigned", uploader, before)

    def unassign(self, moment: datetime) -> None:
        before = card_snapshot(self.card)
        self.card.employee = None
        self.card.review_status = ReviewStatus.NEEDS_ASSIGNMENT
        self._changed(moment, "card_unassigned", self._reviewer(), before)

    def enter(self, moment: datetime) -> None:
        days = list(self.plan.days)
        if self.plan.fate is TargetStatus.CORRECTED:
            # A day is misread: the last worked day, if there is one.
            worked = [day for day in days if day.figures.is_worked] or days
            days[days.index(worked[-1])] = changed(worked[-1], self.rng)
        self._set_days(moment, days)

    def correct(self, moment: datetime) -> None:
        self._set_days(moment, self.plan.days)

    def approve(self, moment: datetime) -> None:
        before = card_snapshot(self.card)
        reviewer = self._reviewer()
        self.card.review_status = ReviewStatus.APPROVED
        self.card.approved_by = reviewer
        self.card.approved_by_name = display_name(reviewer)
        self.card.approved_at = moment
        conflicts = self.lives.ledger.post(self.card, self.entered, moment, self.rng)
        self._changed(
            moment, "card_approved", reviewer, before, conflicts=conflicts or None
        )

    def reject(self, moment: datetime) -> None:
        before = card_snapshot(self.card)
        self.card.review_status = ReviewStatus.REJECTED
        self.card.rejected_reason = self.rng.choice(
            self.lives.firm.phrases.rejection_reasons
        )
        self._changed(moment, "card_rejected", self._reviewer(), before)

    def reopen(self, moment: datetime) -> None:
        before = card_snapshot(self.card)
        self.lives.ledger.withdraw(self.card, self.entered)
        self.card.review_status = ReviewStatus.NEEDS_REVIEW
        self.card.approved_by = None
        self.card.approved_by_name = ""
        self.card.approved_at = None
        reason = self.rng.choice(self.lives.firm.phrases.reopening_reasons)
        self._changed(moment, "card_reopened", self._reviewer(), before, reason=reason)

    def _set_days(self, moment: datetime, days: list[Day]) -> None:
        was = {day.work_date: _snapshot(day.figures) for day in self.entered}
        now = {day.work_date: _snapshot(day.figures) for day in days}
        dates = [day for day in now if was.get(day) != now[day]]
        self.entered = days
        self._touch(moment)
        self.lives.trail.add_card(
            moment,
            "days_updated",
            self.card,
            actor=self._reviewer(),
            before=by_date({day: was.get(day) for day in dates}),
            after=by_date({day: now[day] for day in dates}),
        )

    def _changed(
        self,
        moment: datetime,
        event_type: str,
        actor: User,
        before: dict[str, Any],
        **details: Any,
    ) -> None:
        was, now = changes(before, card_snapshot(self.card))
        self._touch(moment)
        self.lives.trail.add_card(
            moment,
            event_type,
            self.card,
            actor=actor,
            before=was,
            after=now,
            **details,
        )

    def _touch(self, moment: datetime) -> None:
        self.card.version += 1
        self.card.updated_at = moment

    def _somebody(self, role: Role) -> User:
        return self.rng.choice(self.lives.firm.with_role(role))

    def _reviewer(self) -> User:
        """Return a reviewer, or sometimes the administrator."""
        role = Role.ADMIN if self.rng.random() < 0.1 else Role.REVIEWER
        return self._somebody(role)


@lru_cache(maxsize=4096)
def _snapshot(figures: DayFigures) -> dict[str, Any]:
    return day_snapshot(figures)  # type: ignore[arg-type]  # it has all the fields that are looked at
