"""Tests without a scope: every queryset method raises before it sends SQL.

The attributes are read from Django's classes. An attribute that a new Django adds fails
until it has a case here, or a reason why it needs none.
"""

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Subquery
from django.db.models.functions import Now
from pytest_django import DjangoDbBlocker
from uuid_utils.compat import uuid7

from businesses.models import Business
from businesses.tenancy.exceptions import NoActiveBusiness
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.managers import TenantManager
from workcards.models import WorkCard
from workforce.models import Employee, Site

Ask = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def _silence(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Allow connections outside every transaction, and fail a test that sends SQL."""

    def fail_on_sql(execute: Any, sql: str, *args: Any) -> None:
        pytest.fail(f"sent without a scope: {sql}")

    with django_db_blocker.unblock(), connection.execute_wrapper(fail_on_sql):
        yield


@contextmanager
def raises_no_active_business() -> Iterator[None]:
    with pytest.raises(NoActiveBusiness):
        yield


def public(*classes: type) -> set[str]:
    return {
        name
        for each in classes
        for name in dir(each)
        if not name.startswith("_") and name not in dir(type)
    }


def row_of(rows: Any) -> Any:
    """Return an unsaved row of the model, which was never read."""
    return rows.model(pk=uuid7())


def manager_of(rows: Any) -> Any:
    """Return the manager of the rows' model."""
    return rows if isinstance(rows, models.Manager) else rows.model.objects


async def _all(rows: Any) -> list[Any]:
    return [row async for row in rows]


def awaited(ask: Callable[[Any], Any]) -> Ask:
    """Return a function that runs the coroutine of `ask` and returns its result."""

    async def run(rows: Any) -> Any:
        return await ask(rows)

    return lambda rows: async_to_sync(run)(rows)


# Attribute → its call. If it returns another queryset, the test evaluates that.
READS: dict[str, Ask] = {
    "aggregate": lambda rows: rows.aggregate(n=Count("pk")),
    "alias": lambda rows: rows.alias(x=F("pk")),
    "all": lambda rows: rows.all(),
    "annotate": lambda rows: rows.annotate(x=F("pk")),
    "complex_filter": lambda rows: rows.complex_filter({"pk": uuid7()}),
    "contains": lambda rows: rows.contains(row_of(rows)),
    "count": lambda rows: rows.count(),
    "dates": lambda rows: rows.dates("created_at", "month"),
    "datetimes": lambda rows: rows.datetimes("created_at", "month"),
    "db_manager": lambda rows: manager_of(rows).db_manager("default").all(),
    "defer": lambda rows: rows.defer("created_at"),
    "difference": lambda rows: rows.difference(rows.filter(pk=uuid7())),
    "distinct": lambda rows: rows.distinct(),
    "earliest": lambda rows: rows.earliest("pk"),
    "exclude": lambda rows: rows.exclude(pk=uuid7()),
    "exists": lambda rows: rows.exists(),
    "explain": lambda rows: rows.explain(),
    "extra": lambda rows: rows.extra(where=["true"]),
    "filter": lambda rows: rows.filter(pk=uuid7()),
    "first": lambda rows: rows.first(),
    "get": lambda rows: rows.get(pk=uuid7()),
    "get_queryset": lambda rows: manager_of(rows).get_queryset(),
    "in_bulk": lambda rows: rows.in_bulk([uuid7()]),
    "intersection": lambda rows: rows.intersection(rows.filter(pk=uuid7())),
    "iterator": lambda rows: list(rows.iterator()),
    "last": lambda rows: rows.last(),
    "latest": lambda rows: rows.latest("pk"),
    "only": lambda rows: rows.only("pk"),
    "order_by": lambda rows: rows.order_by("pk"),
    "prefetch_related": lambda rows: rows.prefetch_related("employees"),
    "query": lambda rows: str(rows.all().query),
    "raw": lambda rows: list(rows.raw(f"SELECT * FROM {rows.model._meta.db_table}")),
    "resolve_expression": lambda rows: rows.model._base_manager.filter(
        pk__in=rows.all()
    ),
    "reverse": lambda rows: rows.order_by("pk").reverse(),
    "select_for_update": lambda rows: rows.select_for_update(),
    "select_related": lambda rows: rows.select_related(),
    "union": lambda rows: rows.union(rows.all()),
    "using": lambda rows: rows.using("default"),
    "values": lambda rows: rows.values("pk"),
    "values_list": lambda rows: rows.values_list("pk", flat=True),
    # The asynchronous variants.
    "aaggregate": awaited(lambda rows: rows.aaggregate(n=Count("pk"))),
    "acontains": awaited(lambda rows: rows.acontains(row_of(rows))),
    "acount": awaited(lambda rows: rows.acount()),
    "aearliest": awaited(lambda rows: rows.aearliest("pk")),
    "aexists": awaited(lambda rows: rows.aexists()),
    "aexplain": awaited(lambda rows: rows.aexplain()),
    "afirst": awaited(lambda rows: rows.afirst()),
    "aget": awaited(lambda rows: rows.aget(pk=uuid7())),
    "ain_bulk": awaited(lambda rows: rows.ain_bulk()),
    "aiterator": awaited(lambda rows: _all(rows.aiterator(chunk_size=1))),
    "alast": awaited(lambda rows: rows.alast()),
    "alatest": awaited(lambda rows: rows.alatest("pk")),
}

WRITES: dict[str, Ask] = {
    "bulk_create": lambda rows: rows.bulk_create([row_of(rows)]),
    "bulk_update": lambda rows: rows.bulk_update([row_of(rows)], ["created_at"]),
    "create": lambda rows: rows.create(),
    "delete": lambda rows: rows.all().delete(),
    "get_or_create": lambda rows: rows.get_or_create(pk=uuid7()),
    "update": lambda rows: rows.update(created_at=Now()),
    "update_or_create": lambda rows: rows.update_or_create(pk=uuid7()),
    "abulk_create": awaited(lambda rows: rows.abulk_create([row_of(rows)])),
    "abulk_update": awaited(
        lambda rows: rows.abulk_update([row_of(rows)], ["created_at"])
    ),
    "acreate": awaited(lambda rows: rows.acreate()),
    "adelete": awaited(lambda rows: rows.all().adelete()),
    "aget_or_create": awaited(lambda rows: rows.aget_or_create(pk=uuid7())),
    "aupdate": awaited(lambda rows: rows.aupdate(created_at=Now())),
    "aupdate_or_create": awaited(lambda rows: rows.aupdate_or_create(pk=uuid7())),
}

# Methods that only managers of related rows have.
RELATED: dict[str, Ask] = {
    "clear": lambda rows: rows.clear(),
    "aclear": awaited(lambda rows: rows.aclear()),
    "remove": lambda rows: rows.remove(rows.model(pk=uuid7(), employee=rows.instance)),
    "aremove": awaited(
        lambda rows: rows.aremove(rows.model(pk=uuid7(), employee=rows.instance))
    ),
    "set": lambda rows: rows.set([]),
    "aset": awaited(lambda rows: rows.aset([])),
    "get_prefetch_queryset": lambda rows: rows.get_prefetch_querysets([rows.instance])[
        0
    ],
    "get_prefetch_querysets": lambda rows: rows.get_prefetch_querysets([rows.instance])[
        0
    ],
}

# Attribute → the reason why it need not raise.
ASKS_NOTHING = {
    "none": "is empty by what it says, and never compiled",
    "db": "the name of a database",
    "ordered": "tells whether there is an order",
    "model": "the class of the rows",
    "name": "the manager's name",
    "auto_created": "a fact of the class",
    "use_in_migrations": "a fact of the class",
    "creation_counter": "a fact of the class",
    "do_not_call_in_templates": "a fact of the class",
    "core_filters": "what the rows are filtered by",
    "field": "the field that relates",
    "instance": "the row that others are related to",
    "check": "system checks of the class",
    "deconstruct": "how a migration would write it",
    "contribute_to_class": "what Django calls when a model is made",
    "as_manager": "makes a class",
    "from_queryset": "makes a class",
    "of": "makes a class",
    "add": "goes by `_base_manager`, which row-level security guards and this lock does not",
    "aadd": "as `add`",
}

# Sources of rows.
SOURCES: dict[str, Callable[[], Any]] = {
    "a manager": lambda: Employee.objects,
    "a queryset": lambda: Employee.objects.filter(is_active=True),
    "a manager of related rows": lambda: Employee(pk=uuid7()).work_cards,
    "a queryset of related rows": lambda: Employee(pk=uuid7()).work_cards.all(),
}
SHARED: dict[str, Callable[[], Any]] = {
    "sites": lambda: Site.objects,
    "businesses": lambda: Business.objects,
}


def questions(model: Any) -> set[str]:
    """Return the names of the project's queryset methods: see tests/test_querysets.py."""
    return {
        name
        for each in type(model.objects.all()).__mro__
        if each.__module__.split(".")[0] not in ("django", "typing", "builtins")
        for name in vars(each)
    } - public(models.QuerySet)


def evaluate(found: Any) -> None:
    """Evaluate `found` if it is a queryset."""
    if isinstance(found, models.QuerySet):
        list(found)


def test_every_public_attribute_has_a_case_or_a_reason() -> None:
    related = type(SOURCES["a manager of related rows"]())
    known = {*READS, *WRITES, *RELATED, *ASKS_NOTHING}
    there = public(models.QuerySet, models.Manager, TenantManager, related)
    assert there - questions(WorkCard) - known == set(), "without a case"
    assert {*READS, *WRITES, *RELATED} <= there, "of an older Django"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", {**READS, **WRITES})
def test_no_attribute_does_anything_without_a_scope(name: str, source: str) -> None:
    with raises_no_active_business():
        evaluate({**READS, **WRITES}[name](SOURCES[source]()))


@pytest.mark.parametrize("source", SHARED)
@pytest.mark.parametrize("name", READS)
def test_tables_that_all_share_are_not_read_without_a_scope(
    name: str, source: str
) -> None:
    with raises_no_active_business():
        evaluate(READS[name](SHARED[source]()))


@pytest.mark.parametrize("name", RELATED)
def test_related_rows_are_not_changed_without_a_scope(name: str) -> None:
    with raises_no_active_business():
        evaluate(RELATED[name](SOURCES["a manager of related rows"]()))


# Python's protocols: combining, storing, copying, showing and slicing a queryset.

PROTOCOLS: dict[str, Ask] = {
    "__iter__": lambda rows: next(iter(rows)),
    "__aiter__": awaited(_all),
    "__len__": len,
    "__bool__": bool,
    "__getitem__": lambda rows: rows[0],
    "__repr__": repr,
    "__getstate__": pickle.dumps,
    "__setstate__": lambda rows: again(rows),
    "__deepcopy__": lambda rows: list(copy.deepcopy(rows)),
    "__and__": lambda rows: list(rows & rows.filter(pk=uuid7())),
    "__or__": lambda rows: list(rows | rows.filter(pk=uuid7())),
    "__xor__": lambda rows: list(rows ^ rows.filter(pk=uuid7())),
    # Features of the language, not of the class.
    "a slice": lambda rows: list(rows[1:3]),
    "a slice with a step": lambda rows: rows[0:9:3],
    "in": lambda rows: row_of(rows) in rows,
    "sorted": sorted,
    "unpacked": lambda rows: [*rows],
    # A part of a query that has no business of its own.
    "a subquery": lambda rows: list(unfiltered(rows).filter(pk__in=rows)),
    "the subquery of a value": lambda rows: list(
        unfiltered(rows).annotate(x=Subquery(rows.values("pk")[:1]))
    ),
    "an outer reference": lambda rows: list(
        unfiltered(rows).filter(Exists(rows.filter(pk=OuterRef("pk"))))
    ),
    "a union with others": lambda rows: list(unfiltered(rows).union(rows)),
    "a count of a part": lambda rows: (
        unfiltered(rows).filter(Exists(rows.order_by("pk")[:1])).count()
    ),
}
HARMLESS = {
    "__init__": "makes one",
    "__class_getitem__": "of the class",
    "__doc__": "of the class",
    "__module__": "of the class",
    "__firstlineno__": "of the class",
    "__static_attributes__": "of the class",
}


def unfiltered(rows: Any) -> Any:
    return rows.model._base_manager.all()


def again(rows: Any) -> Any:
    """Return the rows of a queryset whose query was pickled and restored."""
    pickled = pickle.dumps(rows.query)
    fresh = rows.model._base_manager.all()
    fresh.query = pickle.loads(pickled)
    return list(fresh)


def test_every_protocol_of_a_queryset_has_a_case_or_a_reason() -> None:
    spoken = {name for name in vars(models.QuerySet) if name.startswith("__")}
    assert spoken - {*PROTOCOLS, *HARMLESS} == set()


QUERYSETS = {name for name in SOURCES if "queryset" in name}


@pytest.mark.parametrize("source", sorted(QUERYSETS))
@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_protocol_does_anything_without_a_scope(name: str, source: str) -> None:
    with raises_no_active_business():
        PROTOCOLS[name](SOURCES[source]())


# Methods that return another queryset. After any of them, the result raises as well.
MAKES_ANOTHER = (
    "alias",
    "annotate",
    "complex_filter",
    "dates",
    "datetimes",
    "defer",
    "difference",
    "distinct",
    "exclude",
    "extra",
    "filter",
    "intersection",
    "only",
    "order_by",
    "prefetch_related",
    "reverse",
    "select_for_update",
    "select_related",
    "union",
    "using",
    "values",
    "values_list",
)
ENDS: dict[str, Ask] = {
    "list": list,
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "first": lambda rows: rows.first(),
    "iterator": lambda rows: list(rows.iterator(chunk_size=1)),
    "async for": awaited(_all),
    "pickle": pickle.dumps,
    "explain": lambda rows: rows.explain(),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("link", MAKES_ANOTHER)
def test_a_chain_does_nothing_without_a_scope(link: str, end: str) -> None:
    for source in SOURCES.values():
        made = READS[link](source())
        assert isinstance(made, models.QuerySet)
        with raises_no_active_business():
            ENDS[end](made)


def test_prefetching_asks_nothing_without_a_scope() -> None:
    employee = Employee(pk=uuid7())
    for what in ("work_cards", Prefetch("work_cards", WorkCard.objects.all())):
        with raises_no_active_business():
            models.prefetch_related_objects([employee], what)


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model.__name__)
def test_no_model_has_a_manager_that_answers_without_a_scope(model: Any) -> None:
    assert model._meta.managers
    for manager in model._meta.managers:
        for end in ENDS.values():
            with raises_no_active_business():
                end(manager.all())


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model.__name__)
def test_no_row_is_written_without_a_scope(model: Any) -> None:
    for write in (
        lambda row: row.save(),
        lambda row: row.delete(),
        awaited(lambda row: row.asave()),
        awaited(lambda row: row.adelete()),
    ):
        with raises_no_active_business():
            write(model(pk=uuid7()))
