"""The queryset methods of every app, in two businesses that share the sites.

Both businesses have rows with the same names, so that a row of the other business shows as `LEAKED`.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from accounts.models import User
from accounts.roles import Role
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.exceptions import NoActiveBusiness
from exports.models import ExportRun
from exports.tests.factories import ExportRunFactory
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@dataclass
class QuerySamples:
    """A business and its rows by name; both businesses use `here` and `there`."""

    personas: Personas
    here: Site
    there: Site
    rows: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return self.rows[name]

    def names(self, found: Iterable[Any]) -> set[str]:
        by_id = {row.pk: name for name, row in self.rows.items()}
        return {by_id.get(row.pk, "LEAKED") for row in found}


def populate(personas: Personas, here: Site, there: Site) -> QuerySamples:
    world = QuerySamples(personas, here, there)
    rows = world.rows
    rows |= {"business": personas.business}
    rows |= {
        role.lower(): personas.user(role) for role in Role if role != "SUPER_ADMIN"
    }
    code = personas.business.business_code.upper()
    with personas.scope():
        User.objects.filter(pk=personas.viewer.pk).update(
            is_active=False, phone_number=f"+97250{len(code)}234567"
        )
        rows["john"] = EmployeeFactory(
            full_name="John Adam Smith",
            site=here,
            passport_id=f"{code}1",
            external_employee_id="1",
        )
        rows["jim"] = EmployeeFactory(
            full_name="Jim Smith",
            site=there,
            passport_id=f"{code}2",
            external_employee_id="2",
            is_active=False,
        )
        at_here = {"site": here, "employee": rows["john"], "processing_month": JUNE}
        rows["waiting"] = WorkCardFactory(**at_here)
        rows["nobodys"] = WorkCardFactory(
            unassigned=True, site=here, processing_month=JUNE
        )
        rows["approved"] = WorkCardFactory(
            approved=True, **{**at_here, "processing_month": JULY}
        )
        rows["rejected"] = WorkCardFactory(rejected=True, **{**at_here, "site": there})
        admin, reviewer = personas.admin, personas.reviewer
        for name, values in {
            "run_here": {"site": here, "exported_by": admin},
            "run_all": {"site": None, "exported_by": admin},
            "run_july": {"site": here, "processing_month": JULY},
            "run_again": {"site": here, "exported_by": reviewer},
        }.items():
            rows[name] = ExportRunFactory(**{"processing_month": JUNE, **values})
        for name, values in {
            "hired": {
                "event_type": "employee_created",
                "entity_type": "employee",
                "entity_id": rows["john"].pk,
                "employee_id": rows["john"].pk,
                "site_id": here.pk,
                "actor_id": admin.pk,
            },
            "renamed": {
                "event_type": "employee_updated",
                "entity_type": "employee",
                "entity_id": rows["john"].pk,
                "employee_id": rows["john"].pk,
                "site_id": here.pk,
                "actor_id": reviewer.pk,
            },
            "uploaded": {
                "event_type": "card_uploaded",
                "entity_type": "workcard",
                "entity_id": rows["waiting"].pk,
                "work_card_id": rows["waiting"].pk,
                "site_id": here.pk,
                "actor_id": reviewer.pk,
            },
        }.items():
            rows[name] = AuditEventFactory(**values)
    return world


@pytest.fixture
def worlds(acme: Personas, globex: Personas) -> tuple[QuerySamples, QuerySamples]:
    with acme.scope():
        here, there = SiteFactory(), SiteFactory()
    return populate(acme, here, there), populate(globex, here, there)


Ask = Callable[[QuerySamples], Any]
# Model → method → a call, and the expected result in either business.
QUESTIONS: dict[type[Any], dict[str, list[tuple[Ask, set[str]]]]] = {
    User: {
        "by_email": [
            (lambda w: User.objects.by_email(f" {w.admin.email.upper()}"), {"admin"}),
            (lambda w: User.objects.by_email("unknown@example.com"), set()),
        ],
        "by_phone": [
            (
                lambda w: User.objects.by_phone(
                    User.objects.get(pk=w.viewer.pk).phone_number
                ),
                {"viewer"},
            ),
        ],
        "active": [
            (lambda w: User.objects.active(), {"admin", "reviewer", "uploader"}),
        ],
        "with_role": [
            (lambda w: User.objects.with_role(Role.REVIEWER), {"reviewer"}),
            (lambda w: User.objects.active().with_role("VIEWER"), set()),
        ],
    },
    Employee: {
        "at_site": [
            (lambda w: Employee.objects.at_site(w.here.pk), {"john"}),
            (lambda w: Employee.objects.at_site(uuid.uuid4()), set()),
        ],
        "active": [(lambda w: Employee.objects.active(), {"john"})],
        "by_passport": [
            (
                lambda w: Employee.objects.by_passport(
                    f" {w.john.passport_id.lower()[:3]}-{w.john.passport_id[3:]} "
                ),
                {"john"},
            ),
        ],
        "by_external_id": [
            (lambda w: Employee.objects.by_external_id(" 2 "), {"jim"}),
        ],
        "matching": [
            (lambda w: Employee.objects.matching("smith"), {"john", "jim"}),
            (lambda w: Employee.objects.matching("Smith adam"), {"john"}),
            (lambda w: Employee.objects.matching("smith", w.there.pk), {"jim"}),
            (lambda w: Employee.objects.matching(site_id=w.here.pk), {"john"}),
            (lambda w: Employee.objects.active().matching("jim"), set()),
        ],
    },
    WorkCard: {
        "for_site_month": [
            (
                lambda w: WorkCard.objects.for_site_month(w.here.pk, date(2026, 6, 17)),
                {"waiting", "nobodys"},
            ),
        ],
        "for_employee_month": [
            (
                lambda w: WorkCard.objects.for_employee_month(w.john.pk, JUNE),
                {"waiting", "rejected"},
            ),
        ],
        "with_status": [
            (lambda w: WorkCard.objects.with_status("APPROVED"), {"approved"}),
            (
                lambda w: WorkCard.objects.with_status(ReviewStatus.REJECTED),
                {"rejected"},
            ),
        ],
        "unassigned": [(lambda w: WorkCard.objects.unassigned(), {"nobodys"})],
        "pending": [
            (lambda w: WorkCard.objects.pending(), {"waiting", "nobodys"}),
            (lambda w: WorkCard.objects.pending(w.there.pk), set()),
        ],
    },
    ExportRun: {
        "for_month": [
            (
                lambda w: ExportRun.objects.for_month(date(2026, 6, 30)),
                {"run_here", "run_all", "run_again"},
            ),
            (
                lambda w: ExportRun.objects.for_month(JUNE, w.here.pk),
                {"run_here", "run_again"},
            ),
        ],
        "at_site": [
            (
                lambda w: ExportRun.objects.at_site(w.here.pk),
                {"run_here", "run_july", "run_again"},
            ),
        ],
        "by_user": [
            (lambda w: ExportRun.objects.by_user(w.admin.pk), {"run_here", "run_all"}),
        ],
        "recent": [
            (lambda w: ExportRun.objects.recent(2), {"run_again", "run_july"}),
            (lambda w: ExportRun.objects.at_site(w.here.pk).recent(1), {"run_again"}),
        ],
        "latest_for_site_month": [
            (
                lambda w: [ExportRun.objects.latest_for_site_month(w.here.pk, JUNE)],
                {"run_again"},
            ),
            (
                lambda w: filter(
                    None, [ExportRun.objects.latest_for_site_month(w.there.pk, JUNE)]
                ),
                set(),
            ),
        ],
    },
    AuditEvent: {
        "of_entity": [
            (
                lambda w: AuditEvent.objects.of_entity("employee", w.john.pk),
                {"hired", "renamed"},
            ),
        ],
        "at_site": [
            (
                lambda w: AuditEvent.objects.at_site(w.here.pk),
                {"hired", "renamed", "uploaded"},
            ),
            (lambda w: AuditEvent.objects.at_site(w.here.pk, limit=1), {"uploaded"}),
        ],
        "by_actor": [
            (
                lambda w: AuditEvent.objects.by_actor(w.reviewer.pk),
                {"renamed", "uploaded"},
            ),
        ],
        "of_type": [
            (lambda w: AuditEvent.objects.of_type("employee_created"), {"hired"}),
            (lambda w: AuditEvent.objects.of_type("employee_created", limit=0), set()),
        ],
        "of_work_card": [
            (lambda w: AuditEvent.objects.of_work_card(w.waiting.pk), {"uploaded"}),
        ],
        "of_employee": [
            (
                lambda w: AuditEvent.objects.of_employee(w.john.pk),
                {"hired", "renamed"},
            ),
        ],
        "recent": [
            (lambda w: AuditEvent.objects.recent(2), {"uploaded", "renamed"}),
            (lambda w: AuditEvent.objects.recent(), {"hired", "renamed", "uploaded"}),
        ],
    },
    Business: {
        "by_name": [
            (lambda w: Business.objects.by_name(f" {w.business} "), {"business"}),
            (lambda w: Business.objects.by_name("Globex Acme"), set()),
        ],
        "by_code": [
            (
                lambda w: Business.objects.by_code(w.business.business_code.upper()),
                {"business"},
            ),
        ],
        "active": [(lambda w: Business.objects.active(), {"business"})],
    },
}
CASES = [
    pytest.param(ask, expected, id=f"{model.__name__}.{question}[{number}]")
    for model, questions in QUESTIONS.items()
    for question, cases in questions.items()
    for number, (ask, expected) in enumerate(cases)
]


@pytest.mark.parametrize(("ask", "expected"), CASES)
def test_each_business_gets_its_own_answer(
    worlds: tuple[QuerySamples, QuerySamples], ask: Ask, expected: set[str]
) -> None:
    for world in worlds:
        with world.personas.scope():
            assert world.names(ask(world)) == expected


@pytest.mark.parametrize(("ask", "expected"), CASES)
def test_a_question_about_anothers_rows_finds_nothing_of_theirs(
    worlds: tuple[QuerySamples, QuerySamples], ask: Ask, expected: set[str]
) -> None:
    """With the other business's names and ids, the result has none of its rows."""
    mine, theirs = worlds
    with theirs.personas.scope():
        phone_owner = User.objects.get(pk=theirs.viewer.pk)
    theirs.rows["viewer"] = phone_owner
    with mine.personas.scope():
        try:
            found = list(ask(theirs))
        except User.DoesNotExist:
            return
    assert not theirs.names(found) - {"LEAKED"}, "rows of the other business"


@pytest.mark.parametrize(("ask", "expected"), CASES)
def test_a_question_outside_any_scope_raises(
    worlds: tuple[QuerySamples, QuerySamples], ask: Ask, expected: set[str]
) -> None:
    with pytest.raises(NoActiveBusiness):
        list(ask(worlds[0]))


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda: Business.objects.by_name("Globex"), {"Globex"}),
        (lambda: Business.objects.by_code("acme"), {"Acme"}),
        (lambda: Business.objects.listed().active(), {"Acme", "Mizhav"}),
    ],
)
def test_the_platform_asks_about_all_businesses(
    acme: Personas, globex: Personas, ask: Callable[[], Any], expected: set[str]
) -> None:
    with platform_scope("looks at all businesses"):
        Business.objects.filter(pk=globex.id).update(is_active=False)
        assert {business.business_name for business in ask()} == expected


def test_answers_compose_and_page(worlds: tuple[QuerySamples, QuerySamples]) -> None:
    world = worlds[0]
    with business_scope(world.personas.id):
        smiths = Employee.objects.matching("smith").at_site(world.here.pk).active()
        assert smiths.count() == 1
        assert [row.full_name for row in Employee.objects.matching("smith")[1:2]] == [
            "John Adam Smith"
        ]
        pending = WorkCard.objects.for_month(JUNE).pending().with_status("NEEDS_REVIEW")
        assert world.names(pending) == {"waiting"}


def test_sites_are_asked_about_in_a_scope(
    worlds: tuple[QuerySamples, QuerySamples],
) -> None:
    world = worlds[0]
    with world.personas.scope():
        assert {site.pk for site in Site.objects.active()} == {
            world.here.pk,
            world.there.pk,
        }
    with pytest.raises(NoActiveBusiness):
        list(Site.objects.active())
