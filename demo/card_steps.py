"""The steps of the demo's cards, run by the services in order of time."""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounts.models import User
from accounts.roles import Role
from audit.event_origin import origin
from automatehq.api.errors import Conflict
from businesses.tenancy.context import unscoped
from businesses.tenancy.pre_transaction import results_given
from workcards import services
from workcards.models import WorkCard
from workcards.services import Choice, Resolution
from workcards.services.uploads import MAX_FILES

from .card_plans import Plan, TargetStatus
from .people import DemoBusiness
from .scan_rendering import RenderedScan
from .timesheets import Day, changed

# The steps after the upload by a card's final status; each step is a method of CardHistory.
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
# The numbers of steps after which PostgreSQL counts the rows. It knows nothing about the rows of the transaction, and
# would search each card among all cards of the business.
COUNTED_AFTER = (50, 200, 800, 3_200)


class ScanFiles:
    """The files of scans, which other processes render in this order meanwhile."""

    def __init__(
        self, scans: Sequence[list[Plan]], rendered: Iterator[RenderedScan]
    ) -> None:
        self.scans = scans
        """The pages of each scan, as plans."""
        self._next = zip((id(pages[0]) for pages in scans), rendered, strict=True)
        self._files: dict[int, RenderedScan] = {}

    def pop(self, pages: list[Plan]) -> RenderedScan:
        """Return the file of a scan, once it is rendered."""
        while id(pages[0]) not in self._files:
            first, file = next(self._next)
            self._files[first] = file
        return self._files.pop(id(pages[0]))


def run_steps(
    business: DemoBusiness,
    plans: Sequence[Plan],
    files: ScanFiles,
    progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Create the cards of the plans and lead each to its final status."""
    histories = {
        id(plan): CardHistory(business, plan, number)
        for number, plan in enumerate(plans)
    }
    steps: list[tuple[datetime, int, Callable[[], None]]] = []
    for scans in _uploads(histories, files.scans):
        first = histories[id(scans[0][0])]
        upload = partial(_upload, histories, scans, files)
        steps.append((first.moment, first.number, upload))
    for history in histories.values():
        for moment, step in history.schedule():
            steps.append((moment, history.number, partial(history.run, step)))
    steps.sort(key=lambda step: step[:2])
    for count, (moment, _number, run) in enumerate(steps):
        progress(count / len(steps))
        if count in COUNTED_AFTER:
            _count_rows()
        business.clock.time = moment
        with origin("admin"):
            run()


def _count_rows() -> None:
    """Update PostgreSQL's statistics, which only the owner of the tables may do."""
    with unscoped(), connection.cursor() as cursor:
        cursor.execute("ANALYZE work_cards, work_card_day_entries, approved_days")


@dataclass(eq=False)
class CardHistory:
    """A card on the way to its final status. Each step is a call of a service."""

    business: DemoBusiness
    plan: Plan
    number: int
    card: WorkCard | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.rng: random.Random = self.business.rng("card", self.number)
        # All steps are before the end of yesterday.
        self.latest = self.business.at(self.business.today, 0)
        self.moment = self._handed_in_at()
        has_note = self.rng.random() < 0.04
        self.note = (
            self.rng.choice(self.business.phrases.card_notes) if has_note else ""
        )

    def schedule(self) -> Iterator[tuple[datetime, str]]:
        """Yield the times and names of the card's steps. An upload is none of them."""
        steps = list(STEPS[self.plan.target])
        if self.plan.target is TargetStatus.REJECTED and self.rng.random() < 0.5:
            steps.remove("assign")
        moment = self.moment
        if self.plan.is_by_hand:
            # A manual card is created with an employee, who is removed later if the card ends unassigned.
            yield moment, "create"
            steps = [step for step in steps if step != "assign"]
            if self.plan.target is TargetStatus.UNASSIGNED:
                steps.append("unassign")
        elif self.note:
            steps.insert(0, "annotate")
        for step in steps:
            moment = self._later(moment)
            yield moment, step

    def run(self, step: str) -> None:
        """Run a step, unless the employee had a pending card and no card was created."""
        if step == "create" or self.card is not None:
            getattr(self, step)()

    def _handed_in_at(self) -> datetime:
        day = self.plan.ends_on + timedelta(days=self.rng.randint(1, 4))
        moment = self.business.at(
            day, self.rng.randrange(8, 17), self.rng.randrange(60)
        )
        # A card with days until yesterday was submitted yesterday.
        return min(
            moment,
            self.latest - timedelta(minutes=self.rng.randrange(7 * 60, 12 * 60)),
        )

    def _later(self, moment: datetime) -> datetime:
        """Return a time some working hours later, but before the end of the history."""
        later = moment + timedelta(minutes=int(self.rng.expovariate(1 / 900)) + 4)
        if later.time() > WORK_ENDS:
            later += timedelta(days=1)
        if not WORK_BEGINS <= later.time() <= WORK_ENDS:
            later = later.replace(hour=9, minute=self.rng.randrange(60))
        if later >= self.latest:
            later = moment + (self.latest - moment) / 3
        return later

    # Steps

    def create(self) -> None:
        with origin("api"):
            card, is_new = services.create_manual_card(
                site=self.plan.site,
                employee=self.plan.person.employee,
                month=self.plan.month,
                actor=self.pick_user(Role.UPLOADER),
                notes=self.note,
            )
        self.card = card if is_new else None

    def annotate(self) -> None:
        uploader = self.pick_user(Role.UPLOADER)
        self._call(services.edit_card, actor=uploader, notes=self.note)

    def assign(self) -> None:
        self._call(
            services.assign_card,
            actor=self.pick_user(Role.UPLOADER),
            employee=self.plan.person.employee,
        )

    def unassign(self) -> None:
        self._call(services.assign_card, employee=None)

    def enter(self) -> None:
        days = list(self.plan.days)
        if self.plan.target is TargetStatus.CORRECTED:
            # A day is misread: the last worked day, if there is one.
            worked = [day for day in days if day.figures.is_worked] or days
            days[days.index(worked[-1])] = changed(worked[-1], self.rng)
        self._set_days(days)

    def correct(self) -> None:
        self._set_days(self.plan.days)

    def approve(self) -> None:
        reviewer = self._reviewer()
        resolutions: list[Resolution] = []
        # The second attempt answers the conflicts. The third does not pay both cards, because together they have more
        # than 24 hours or an absence.
        for is_last in (False, False, True):
            try:
                self._call(
                    services.approve_card, actor=reviewer, resolutions=resolutions
                )
            except Conflict as conflict:
                if is_last:
                    raise
                resolutions = [
                    replace(one, choice=Choice.KEEP) for one in resolutions
                ] or self._resolve(conflict.extra["conflicts"])
            else:
                return

    def reject(self) -> None:
        reason = self.rng.choice(self.business.phrases.rejection_reasons)
        self._call(services.reject_card, reason=reason)

    def reopen(self) -> None:
        reason = self.rng.choice(self.business.phrases.reopening_reasons)
        self._call(services.reopen_card, reason=reason)

    def _set_days(self, days: Sequence[Day]) -> None:
        entries = [{"work_date": day.work_date, **asdict(day.figures)} for day in days]
        self._call(services.set_day_entries, entries=entries)

    def _resolve(self, conflicts: list[dict[str, Any]]) -> list[Resolution]:
        """Return a reviewer's answer to each conflict: both sites are paid, or one of the cards."""
        resolutions = []
        for conflict in conflicts:
            of_date = [one for one in conflicts if one["date"] == conflict["date"]]
            same_site = [one["same_site"] for one in of_date]
            choice = Choice.KEEP if any(same_site) else Choice.ADD
            if same_site == [True]:
                choice = self.rng.choice([Choice.KEEP, Choice.REPLACE])
            resolutions.append(
                Resolution(
                    date.fromisoformat(conflict["date"]),
                    uuid.UUID(conflict["approved_day_id"]),
                    choice,
                )
            )
        return resolutions

    def _call(self, service: Callable[..., Any], **arguments: Any) -> None:
        """Call a service for the current version of the card, by default as a reviewer."""
        assert self.card is not None
        arguments.setdefault("actor", self._reviewer())
        result = service(card_id=self.card.pk, version=self.card.version, **arguments)
        self.card = getattr(result, "card", result)

    def pick_user(self, role: Role) -> User:
        return self.rng.choice(self.business.with_role(role))

    def _reviewer(self) -> User:
        """Return a reviewer, or sometimes the administrator."""
        is_admin = self.rng.random() < 0.1
        return self.pick_user(Role.ADMIN if is_admin else Role.REVIEWER)


def _uploads(
    histories: dict[int, CardHistory], scans: Sequence[list[Plan]]
) -> Iterator[list[list[Plan]]]:
    """Yield the scans that are uploaded together: those of a day, a site and a month.

    Their cards get the time of the first one.
    """
    found: dict[tuple[object, date, date], list[list[Plan]]] = {}
    for pages in scans:
        first = pages[0]
        key = first.site.pk, first.month, histories[id(first)].moment.date()
        found.setdefault(key, []).append(pages)
    for together in found.values():
        moment = min(histories[id(pages[0])].moment for pages in together)
        for pages in together:
            for page in pages:
                histories[id(page)].moment = moment
        for start in range(0, len(together), MAX_FILES):
            yield together[start : start + MAX_FILES]


def _upload(
    histories: dict[int, CardHistory],
    scans: Sequence[list[Plan]],
    files: ScanFiles,
) -> None:
    first = scans[0][0]
    rendered = [files.pop(pages) for pages in scans]
    # The processes that rendered the scans have inspected them too.
    with origin("api"), results_given([file.intake for file in rendered]):
        result = services.upload_cards(
            files=[
                SimpleUploadedFile(file.intake.filename, file.data) for file in rendered
            ],
            actor=histories[id(first)].pick_user(Role.UPLOADER),
            site=first.site,
            month=first.month,
        )
    assert not result.failed, result.failed
    for card in result.uploaded:
        assert card.source_page_number is not None
        page = scans[result.file_indexes[card.pk]][card.source_page_number - 1]
        histories[id(page)].card = card
