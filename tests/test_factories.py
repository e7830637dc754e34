"""The sample data of the tests."""

import pytest
from django.db import connection

from accounts.credentials import password_matches
from accounts.models import User
from accounts.roles import Role
from accounts.tests.factories import PASSWORD, SignInFactory, UserFactory
from accounts.tests.personas import Personas
from audit.tests.factories import AuditEventFactory
from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID, Business
from businesses.tenancy.context import platform_scope, try_get_scope
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from workcards.tests.factories import (
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
    WorkCardFileFactory,
)
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)


@pytest.mark.parametrize(
    ("factory", "values"),
    [
        (UserFactory, {}),
        (SignInFactory, {}),
        (SiteFactory, {}),
        (EmployeeFactory, {}),
        (SiteSettingsFactory, {}),
        (WorkCardFileFactory, {}),
        (WorkCardFactory, {}),
        (WorkCardFactory, {"unassigned": True}),
        (WorkCardFactory, {"approved": True}),
        (WorkCardFactory, {"rejected": True}),
        (WorkCardFactory, {"uploaded": True}),
        (DayEntryFactory, {}),
        (DayEntryFactory, {"absent": True}),
        (ApprovedDayFactory, {}),
        (ClosedMonthFactory, {}),
        (ExportRunFactory, {}),
        (ExportProfileFactory, {}),
        (AuditEventFactory, {}),
    ],
)
def test_every_sample_is_a_valid_row(acme: Personas, factory, values) -> None:
    with acme.scope():
        rows = factory.create_batch(2, **values)
        for row in rows:
            row.full_clean()
            assert type(row).objects.filter(pk=row.pk).exists()


def test_personas_are_told_apart(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    assert {acme.admin.business_id, acme.viewer.business_id} == {acme.id}
    assert globex.reviewer.business_id == globex.id
    assert super_admin.business_id == PLATFORM_ID
    assert acme.user(Role.UPLOADER).email == "uploader@acme.example.com"
    assert password_matches(acme.admin.account_id, PASSWORD)


def test_personas_leave_no_scope_open(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    assert try_get_scope() is None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user = session_user, current_setting('app.business_id', true)"
        )
        assert cursor.fetchone() == (True, "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "again"])
def test_what_migrations_insert_outlives_tests_with_commits(
    acme: Personas, time: str
) -> None:
    with platform_scope("looks at all businesses"):
        assert set(Business.objects.values_list("id", flat=True)) == {
            PLATFORM_ID,
            DEFAULT_BUSINESS_ID,
            acme.id,
        }
