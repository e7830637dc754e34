"""Tests of the first layer: managers return rows of the scope only.

Row-level security is disabled throughout, so that the tests cover the manager alone.
"""

import pickle
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery

from accounts.tests.personas import Personas
from businesses.models import Business
from businesses.tenancy.context import platform_scope, unscoped
from businesses.tenancy.exceptions import NoActiveBusiness, WrongBusiness
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.managers import TenantManager
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory

from .lock_assertions import opened

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def manager_alone() -> Iterator[None]:
    with opened("row_security", "composite_keys"):
        yield


@pytest.fixture
def two_each(acme: Personas, globex: Personas) -> None:
    """Create John and Jane at Acme, Hans and Heidi at Globex, each with a card."""
    for personas, names in ((acme, ["John", "Jane"]), (globex, ["Hans", "Heidi"])):
        with personas.scope():
            for name in names:
                WorkCardFactory(employee=EmployeeFactory(full_name=name))


def names(found: Any) -> set[str]:
    return {employee.full_name for employee in found}


# A kind of query → its call. It returns names, and must raise outside every scope.
WAYS: dict[str, Callable[[], set[str]]] = {
    "all": lambda: names(Employee.objects.all()),
    "filter": lambda: names(Employee.objects.filter(is_active=True)),
    "exclude": lambda: names(Employee.objects.exclude(full_name="unknown")),
    "either": lambda: names(
        Employee.objects.filter(Q(full_name="Hans") | Q(full_name="John"))
        | Employee.objects.filter(full_name__in=["Jane", "Heidi"])
    ),
    "both": lambda: names(
        Employee.objects.filter(is_active=True) & Employee.objects.all()
    ),
    "union": lambda: names(
        Employee.objects.filter(full_name__in=["John", "Hans"]).union(
            Employee.objects.filter(full_name__in=["Jane", "Heidi"])
        )
    ),
    "intersection": lambda: names(
        Employee.objects.all().intersection(Employee.objects.filter(is_active=True))
    ),
    "difference": lambda: names(
        Employee.objects.all().difference(Employee.objects.filter(full_name="unknown"))
    ),
    "slice": lambda: names(Employee.objects.order_by("full_name")[:4]),
    "distinct": lambda: names(Employee.objects.order_by("full_name").distinct()),
    "reverse": lambda: names(Employee.objects.reverse()),
    "values": lambda: {row["full_name"] for row in Employee.objects.values()},
    "values_list": lambda: set(Employee.objects.values_list("full_name", flat=True)),
    "only": lambda: names(Employee.objects.only("full_name")),
    "defer": lambda: names(Employee.objects.defer("business", "passport_id")),
    "iterator": lambda: names(Employee.objects.iterator(chunk_size=1)),
    "in_bulk": lambda: names(
        Employee.objects.in_bulk(
            Employee._base_manager.values_list("pk", flat=True)
        ).values()
    ),
    "alias": lambda: names(Employee.objects.alias(n=F("full_name")).exclude(n="")),
    "subquery in a filter": lambda: names(
        Employee._base_manager.filter(pk__in=Employee.objects.all())
    ),
    "subquery as a value": lambda: {
        name
        for name in Employee._base_manager.annotate(
            name=Subquery(
                Employee.objects.filter(pk=OuterRef("pk")).values("full_name")
            )
        ).values_list("name", flat=True)
        if name
    },
    "exists": lambda: names(
        Employee._base_manager.filter(
            Exists(Employee.objects.filter(pk=OuterRef("pk")))
        )
    ),
    "across a join": lambda: {
        card.employee.full_name
        for card in WorkCard.objects.filter(employee__is_active=True)
    },
    "select_related": lambda: {
        card.employee.full_name for card in WorkCard.objects.select_related("employee")
    },
    "prefetch_related": lambda: {
        card.employee.full_name
        for employee in Employee._base_manager.prefetch_related(
            Prefetch("work_cards", WorkCard.objects.all(), to_attr="cards")
        )
        for card in employee.cards
    },
    "plain prefetch_related": lambda: {
        card.employee.full_name
        for employee in Employee._base_manager.prefetch_related("work_cards")
        for card in employee.work_cards.all()
    },
    "related manager": lambda: {
        card.employee.full_name
        for employee in Employee._base_manager.all()
        for card in employee.work_cards.all()
    },
    "earliest": lambda: {
        Employee.objects.earliest("created_at").full_name,
        Employee.objects.latest("created_at").full_name,
        Employee.objects.order_by("full_name").first().full_name,
        Employee.objects.order_by("full_name").last().full_name,
    },
    "asynchronous iteration": lambda: async_to_sync(_iterate)(),
    "asynchronous iterator": lambda: async_to_sync(_iterate)(chunk_size=1),
    "asynchronous in_bulk": lambda: async_to_sync(_in_bulk)(),
}

# Queries that return a number; two of four rows are readable.
FIGURES: dict[str, tuple[Callable[[], Any], Any]] = {
    "count": (lambda: Employee.objects.count(), 2),
    "aggregate": (lambda: Employee.objects.aggregate(n=Count("pk"))["n"], 2),
    "aggregate of a group": (
        lambda: list(
            Employee.objects.order_by()
            .values("is_active")
            .annotate(n=Count("pk"))
            .values_list("n", flat=True)
        ),
        [2],
    ),
    "exists": (lambda: Employee.objects.filter(full_name="Hans").exists(), False),
    "contains": (
        lambda: Employee.objects.contains(Employee._base_manager.get(full_name="Hans")),
        False,
    ),
    "dates": (lambda: len(WorkCard.objects.dates("processing_month", "month")), 1),
    "len": (lambda: len(Employee.objects.all()), 2),
    "bool": (lambda: bool(Employee.objects.filter(full_name="Heidi")), False),
    "acount": (lambda: awaited(Employee.objects.acount), 2),
    "aexists": (
        lambda: awaited(Employee.objects.filter(full_name="Hans").aexists),
        False,
    ),
}


def awaited(ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Return the result of the coroutine of `ask`."""

    async def run() -> Any:
        return await ask()

    return async_to_sync(run)()


async def _iterate(**options: Any) -> set[str]:
    employees: Any = Employee.objects.all()
    if options:
        employees = employees.aiterator(**options)
    return {employee.full_name async for employee in employees}


async def _in_bulk() -> set[str]:
    return names((await Employee.objects.ain_bulk()).values())


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_sees_the_business_in_scope_alone(
    way: str, acme: Personas, globex: Personas, two_each: None
) -> None:
    ask = WAYS[way]
    with pytest.raises(NoActiveBusiness):
        ask()
    with acme.scope():
        assert ask() == {"John", "Jane"}, "leaked"
        with globex.scope():
            assert ask() == {"Hans", "Heidi"}, "leaked"
        with unscoped(), pytest.raises(NoActiveBusiness):
            ask()
    with platform_scope("sees all"):
        found = ask()
        assert {"John", "Jane"} & found
        assert {"Hans", "Heidi"} & found


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_are_of_the_business_in_scope(
    figure: str, acme: Personas, two_each: None
) -> None:
    ask, answer = FIGURES[figure]
    with acme.scope():
        assert ask() == answer
    with pytest.raises(NoActiveBusiness):
        ask()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_one_row_of_another_business_does_not_exist(
    asynchronous: bool, acme: Personas, two_each: None
) -> None:
    def get(**lookup: str) -> Employee:
        if asynchronous:
            return awaited(lambda: Employee.objects.aget(**lookup))
        return Employee.objects.get(**lookup)

    with acme.scope():
        assert get(full_name="John").full_name == "John"
        with pytest.raises(Employee.DoesNotExist):
            get(full_name="Hans")
    with pytest.raises(NoActiveBusiness):
        get(full_name="John")


def test_nothing_is_asked_for_none(acme: Personas) -> None:
    with acme.scope():
        assert list(Employee.objects.none()) == []


# The time at which the filter is resolved


def test_a_queryset_sees_the_scope_in_which_it_is_evaluated(
    acme: Personas, globex: Personas, two_each: None
) -> None:
    made_outside = Employee.objects.filter(is_active=True)
    with acme.scope():
        made_in_acme = Employee.objects.filter(is_active=True)
        assert names(made_outside.all()) == {"John", "Jane"}
    with globex.scope():
        assert names(made_outside.all()) == {"Hans", "Heidi"}
        assert names(made_in_acme.all()) == {"Hans", "Heidi"}
    for queryset in (made_outside, made_in_acme):
        with pytest.raises(NoActiveBusiness):
            list(queryset.all())


def test_rows_that_were_read_stay_read(acme: Personas, two_each: None) -> None:
    with acme.scope():
        employees = Employee.objects.all()
        assert len(employees) == 2
    assert names(employees) == {"John", "Jane"}


def test_a_pickled_query_sees_the_scope_in_which_it_is_evaluated(
    acme: Personas, globex: Personas, two_each: None
) -> None:
    with acme.scope():
        pickled = pickle.dumps(Employee.objects.filter(is_active=True).query)
    queryset = Employee.objects.all()
    with globex.scope():
        queryset.query = pickle.loads(pickled)
        assert names(queryset) == {"Hans", "Heidi"}
    queryset = queryset.all()
    with pytest.raises(NoActiveBusiness):
        list(queryset)


def test_querysets_of_two_scopes_combine_in_a_third(
    acme: Personas, globex: Personas, two_each: None
) -> None:
    with acme.scope():
        first = Employee.objects.filter(full_name__startswith="J")
    with globex.scope():
        second = Employee.objects.filter(full_name__startswith="H")
    with acme.scope():
        assert names(first | second) == {"John", "Jane"}
        assert names(first.union(second)) == {"John", "Jane"}


def test_a_table_that_all_share_is_seen_in_any_scope_and_in_none_outside(
    acme: Personas, globex: Personas, two_each: None
) -> None:
    with acme.scope():
        here = set(Site.objects.values_list("pk", flat=True))
    with globex.scope():
        assert set(Site.objects.values_list("pk", flat=True)) == here
    with pytest.raises(NoActiveBusiness):
        Site.objects.count()


def test_a_business_sees_itself(acme: Personas, globex: Personas) -> None:
    with acme.scope():
        assert list(Business.objects.all()) == [acme.business]
    with platform_scope("lists businesses"):
        assert {acme.business, globex.business} <= set(Business.objects.all())
    with pytest.raises(NoActiveBusiness):
        Business.objects.count()


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model.__name__)
def test_no_model_forgets_the_filter(
    model: type[models.Model], acme: Personas, globex: Personas
) -> None:
    manager: Any = model._default_manager
    with pytest.raises(NoActiveBusiness):
        manager.count()
    with acme.scope():
        condition = str(manager.all().query)
        assert str(acme.id) in condition
        assert str(globex.id) not in condition


# Writing


def test_writing_through_the_manager_needs_a_scope(
    acme: Personas, two_each: None
) -> None:
    with acme.scope():
        john = Employee.objects.get(full_name="John")
    for write in (
        lambda: Employee.objects.create(full_name="Jack"),
        lambda: Employee.objects.bulk_create([Employee(full_name="Jack")]),
        lambda: Employee.objects.bulk_update([john], ["full_name"]),
        lambda: Employee.objects.update(full_name="Jack"),
        lambda: Employee.objects.all().delete(),
        lambda: Employee.objects.get_or_create(full_name="Jack"),
        lambda: Employee.objects.update_or_create(full_name="Jack"),
        john.save,
        john.delete,
        lambda: awaited(lambda: Employee.objects.acreate(full_name="Jack")),
        lambda: awaited(lambda: Employee.objects.aupdate(full_name="Jack")),
        lambda: awaited(john.asave),
    ):
        with pytest.raises(NoActiveBusiness):
            write()
        # The database rejects queries that lock rows first, before the write.
        with (
            pytest.raises((NoActiveBusiness, DatabaseError)),
            platform_scope("tries to write"),
        ):
            write()


def test_what_the_platform_may_not_write_is_not_asked_of_the_database(
    two_each: None,
) -> None:
    with platform_scope("tries to write"), pytest.raises(NoActiveBusiness):
        Employee.objects.update(full_name="Jack")


def test_a_new_row_takes_the_business_in_scope(acme: Personas) -> None:
    with acme.scope():
        made = [
            Employee.objects.create(full_name="One"),
            *Employee.objects.bulk_create([Employee(full_name="Two")]),
            Employee.objects.get_or_create(full_name="Three")[0],
        ]
        assert {employee.business_id for employee in made} == {acme.id}


def test_a_row_keeps_its_business(
    acme: Personas, globex: Personas, two_each: None
) -> None:
    with acme.scope():
        john = Employee.objects.get(full_name="John")
        for other in (globex.business, None):
            john.business = other
            with pytest.raises(WrongBusiness):
                john.save()
    with globex.scope(), pytest.raises(WrongBusiness):
        john.save()


def test_raw_queries_are_refused(acme: Personas) -> None:
    with acme.scope():
        for ask in (Employee.objects.raw, Employee.objects.all().raw):
            with pytest.raises(NoActiveBusiness, match="use a cursor"):
                ask("SELECT * FROM employees")


def test_a_manager_is_made_of_a_tenant_queryset_only() -> None:
    with pytest.raises(TypeError, match="must be a TenantQuerySet"):
        TenantManager.of(models.QuerySet)
