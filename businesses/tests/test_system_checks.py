"""Tests of the system checks: each fault has its own id and a hint."""

from collections.abc import Iterator

import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, models
from django.test import override_settings
from django.test.utils import isolate_apps
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet  # noqa: TID251  it must be caught

from accounts.models import User
from automatehq.api.routing import Router, endpoint
from businesses.tenancy import system_checks
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import TenantModel
from businesses.tenancy.system_checks import check_database, check_model
from businesses.tenancy.viewsets import TenantViewSet
from workforce.models import Employee, Site


def ids(messages: Iterator[CheckMessage] | list[CheckMessage]) -> list[str]:
    found = list(messages)
    assert all(message.hint for message in found)
    return sorted(str(message.id) for message in found)


def key(to: type[models.Model], **options: object) -> models.ForeignKey:
    return models.ForeignKey(
        to, **{"on_delete": models.PROTECT, "related_name": "+", **options}
    )


def composite(field: str = "employee") -> TenantForeignKeyConstraint:
    return TenantForeignKeyConstraint(
        field=field, to="workforce.Employee", name="notes_fk"
    )


class CatalogTable:
    """The table of a model with no other fault than that of the test.

    The table is declared, and an index begins with its business.
    """

    app_label = "workforce"
    db_table = "employees"
    indexes = [models.Index(fields=["business", "id"], name="rows_of_a_business")]


@isolate_apps("workforce")
def test_e001_another_default_manager() -> None:
    class Plain(TenantModel):
        objects = models.Manager()

        class Meta(CatalogTable):
            pass

    class Second(TenantModel):
        everything = TenantManager()
        objects = TenantManager()

        class Meta(CatalogTable):
            pass

    assert ids(check_model(Plain)) == ["tenancy.E001"]
    assert ids(check_model(Second)) == ["tenancy.E001"]


@isolate_apps("workforce")
def test_e002_a_reference_that_may_cross() -> None:
    class Simple(TenantModel):
        employee = key(Employee)

        class Meta(CatalogTable):
            pass

    class Unchecked(TenantModel):
        employee = key(Employee, db_constraint=False)

        class Meta(CatalogTable):
            pass

    class Both(TenantModel):
        employee = key(Employee)

        class Meta(CatalogTable):
            constraints = [composite()]

    class ByAnother(TenantModel):
        by = key(User)

        class Meta(CatalogTable):
            pass

    for model in (Simple, Unchecked, Both, ByAnother):
        assert ids(check_model(model)) == ["tenancy.E002"]


@isolate_apps("workforce")
def test_references_that_cannot_cross_are_right() -> None:
    class Right(TenantModel):
        employee = key(Employee, db_constraint=False)
        site = key(Site)
        by = key(User, null=True, on_delete=models.SET_NULL)

        class Meta(CatalogTable):
            constraints = [composite()]

    assert ids(check_model(Right)) == []


@isolate_apps("workforce")
def test_e003_unique_across_businesses() -> None:
    class ByField(TenantModel):
        badge = models.CharField(max_length=9, unique=True)

        class Meta(CatalogTable):
            pass

    class ByConstraint(TenantModel):
        badge = models.CharField(max_length=9)

        class Meta(CatalogTable):
            constraints = [models.UniqueConstraint(fields=["badge"], name="badge")]

    class ByExpression(TenantModel):
        badge = models.CharField(max_length=9)

        class Meta(CatalogTable):
            constraints = [
                models.UniqueConstraint(models.functions.Lower("badge"), name="badge")
            ]

    class Together(TenantModel):
        badge = models.CharField(max_length=9)
        colour = models.CharField(max_length=9)

        class Meta(CatalogTable):
            unique_together = [("badge", "colour")]

    for model in (ByField, ByConstraint, ByExpression, Together):
        assert ids(check_model(model)) == ["tenancy.E003"]


@isolate_apps("workforce")
def test_unique_within_the_business_or_declared_is_right() -> None:
    class Unique(TenantModel):
        badge = models.CharField(max_length=9)
        passport_id = models.CharField(max_length=9, unique=True)

        class Meta(CatalogTable):
            constraints = [
                models.UniqueConstraint(fields=["business", "badge"], name="badge")
            ]

    assert ids(check_model(Unique)) == []


@isolate_apps("workforce")
def test_e004_no_index_begins_with_the_business() -> None:
    class Bare(TenantModel):
        class Meta(CatalogTable):
            indexes: list[models.Index] = []

    class Other(TenantModel):
        colour = models.CharField(max_length=9)

        class Meta(CatalogTable):
            indexes = [models.Index(fields=["colour", "business"], name="colour")]

    class Indexed(TenantModel):
        colour = models.CharField(max_length=9)

        class Meta(CatalogTable):
            indexes = [models.Index(fields=["business", "colour"], name="colour")]

    assert ids(check_model(Bare)) == ["tenancy.E004"]
    assert ids(check_model(Other)) == ["tenancy.E004"]
    assert ids(check_model(Indexed)) == []


@isolate_apps("workforce")
def test_e005_a_model_that_nobody_declared() -> None:
    class Note(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "workforce"

    assert ids(check_model(Note)) == ["tenancy.E005"]


@isolate_apps("workforce")
def test_e006_joining_rows_of_no_business() -> None:
    class Crew(TenantModel):
        employees = models.ManyToManyField(Employee, related_name="+")

        class Meta(CatalogTable):
            pass

    assert ids(check_model(Crew)) == ["tenancy.E006"]


class Unsealed(ModelViewSet):
    queryset = Employee.objects
    permission_classes = [AllowAny]


class Unsealable(ModelViewSet):
    queryset = None
    permission_classes = [AllowAny]


class Undeclared(TenantViewSet):
    queryset = Employee.objects
    read_right = "employees.see"

    @endpoint("POST {id}/hire", responses=None)
    def hire(self, request: Request, pk: str) -> Response:
        return Response()

    @endpoint("POST {id}/praise", right="employees.manage", responses=None)
    def praise(self, request: Request, pk: str) -> Response:
        return Response()


class UndeclaredView(APIView):
    def get(self, request: Request) -> Response:
        return Response()


router = Router()
router.register("undeclared", Undeclared, "undeclared")

urlpatterns = [
    path("employees", Unsealed.as_view({"get": "list"})),
    path("else", Unsealable.as_view({"get": "list"})),
    path("view", UndeclaredView.as_view()),
    *router.urls,
]


@pytest.mark.parametrize("name", ["get_queryset", "get_object"])
def test_a_sealed_viewset_is_refused_where_it_is_written(name: str) -> None:
    with pytest.raises(TypeError, match=f"Mine.{name} must not be overridden"):
        type("Mine", (TenantViewSet,), {name: lambda self: None})


@override_settings(ROOT_URLCONF=__name__)
def test_e007_a_viewset_that_is_not_sealed() -> None:
    messages = system_checks.check_views()
    (message,) = [one for one in messages if one.id == "tenancy.E007"]
    assert message.hint
    assert "Unsealed" in message.msg


@override_settings(ROOT_URLCONF=__name__)
def test_e009_a_method_without_a_permission() -> None:
    messages = system_checks.check_views()
    undeclared = [one for one in messages if one.id == "tenancy.E009"]
    assert all(message.hint for message in undeclared)
    assert [message.msg for message in undeclared] == [
        f"{__name__}.{method} has no permission."
        for method in (
            "UndeclaredView.get",
            "Undeclared.create",
            "Undeclared.update",
            "Undeclared.partial_update",
            "Undeclared.hire",
        )
    ]


def test_e008_another_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_checks, "is_psycopg3", True)
    assert ids(system_checks.check_driver()) == ["tenancy.E008"]


@pytest.mark.django_db
def test_e101_roles_that_are_missing() -> None:
    with override_settings(TENANCY_TENANT_ROLE="nobody_made_me"):
        (message,) = check_database(databases=["default"])
    assert message.id == "tenancy.E101"
    assert "nobody_made_me does not exist" in message.msg
    assert 'CREATE ROLE "nobody_made_me"' in str(message.hint)


@pytest.mark.django_db
def test_e102_drift_stops_migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE employees NO FORCE ROW LEVEL SECURITY")
    assert ids(check_database(databases=["default"])) == ["tenancy.E102"]
    with pytest.raises(SystemCheckError, match="owner of employees"):
        call_command("migrate", skip_checks=False)


@pytest.mark.django_db
def test_w103_lost_grants_do_not_stop_migrate_which_mends_them() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "GRANT DELETE ON audit_events TO CURRENT_USER; SELECT session_user"
        )
        tenant = f"{cursor.fetchone()[0]}_tenant"
        cursor.execute(
            f"GRANT DELETE ON audit_events TO {tenant}; REVOKE SELECT ON users FROM {tenant}"
        )
    assert ids(check_database(databases=["default"])) == ["tenancy.W103"] * 2
    call_command("migrate", skip_checks=False, verbosity=0)
    assert check_database(databases=["default"]) == []


@pytest.mark.django_db
def test_the_proof_is_silent_while_a_migration_is_unapplied() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'workcards';"
            "ALTER TABLE employees NO FORCE ROW LEVEL SECURITY"
        )
    assert check_database(databases=["default"]) == []


@pytest.mark.django_db
def test_our_own_code_and_database_are_right() -> None:
    found = run_checks(databases=["default"])
    assert [message for message in found if str(message.id).startswith("tenancy")] == []
