"""Ids and values of another business give the same responses as unknown ones."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework import mixins, viewsets
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from accounts.tests.personas import Personas
from automatehq.api import errors
from automatehq.api.fields import NamedReference, ReferenceField
from automatehq.api.filters import StrictFilterSet
from automatehq.api.serializers import StrictModelSerializer
from automatehq.api.views import StrictRequestMixin
from businesses.tenancy.context import set_current_user
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory


class CardSerializer(StrictModelSerializer):
    employee_id = ReferenceField(queryset=Employee.objects)
    employee = NamedReference("employee.full_name")

    class Meta:
        model = WorkCard
        fields = ("employee_id", "employee", "notes")


class SampleEmployeeSerializer(StrictModelSerializer):
    class Meta:
        model = Employee
        fields = (
            "id",
            "business_id",
            "full_name",
            "passport_id",
            "external_employee_id",
            "created_at",
            "started_on",
        )
        read_only_fields = ("id", "business_id", "created_at")


class SampleEmployeeViewSet(
    StrictRequestMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet,
):
    queryset = Employee.objects.all()
    serializer_class = SampleEmployeeSerializer
    authentication_classes = []
    permission_classes = []


class CardViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = WorkCard.objects.all()
    serializer_class = CardSerializer
    filterset_fields = ("employee_id",)
    authentication_classes = []
    permission_classes = []


class CardFilterSet(StrictFilterSet):
    class Meta:
        model = WorkCard
        fields = ("employee_id",)


@pytest.fixture
def noted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    calls: list[dict[str, str]] = []
    monkeypatch.setattr(
        "automatehq.api.unknown_ids._hook",
        lambda path: lambda request, **report: calls.append(report),
    )
    settings.TENANCY_UNKNOWN_ID = "anything"
    return calls


@pytest.fixture
def in_acme(acme: Personas) -> Any:
    with acme.scope():
        set_current_user(acme.admin)
        yield acme


def send(method: str, data: Any = None, pk: Any = None) -> Response:
    request = getattr(APIRequestFactory(), method)("/api/x", data, format="json")
    actions = {"post": "create", "put": "update", "patch": "partial_update"}
    view = SampleEmployeeViewSet.as_view({**actions, "get": "retrieve"})
    response = view(request, **({"pk": pk} if pk else {}))
    response.render()
    return response


def test_a_foreign_reference_is_refused_like_a_missing_one_for_the_same_work(
    in_acme: Personas, globex: Personas, noted: list[dict[str, str]]
) -> None:
    with globex.scope():
        foreign = EmployeeFactory().id
    answers = []
    for value in (foreign, uuid.uuid4()):
        request = APIRequestFactory().post("/api/x")
        serializer = CardSerializer(
            data={"employee_id": str(value)}, context={"request": request}
        )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert not serializer.is_valid()
        answers.append((serializer.errors, len(queries)))
        assert noted.pop() == {
            "kind": "unknown_id",
            "model": "workforce.employee",
            "field": "employee_id",
            "value": str(value),
        }
    assert answers[0] == answers[1]
    assert answers[0][0]["employee_id"][0].code == "does_not_exist"


@pytest.mark.parametrize("value", ["", "1", 1, [], {}, True, "x\0"])
def test_a_malformed_reference_is_named_without_a_query(
    in_acme: Personas, value: Any, noted: list[Any]
) -> None:
    serializer = CardSerializer(data={"employee_id": value})
    with CaptureQueriesContext(connection) as queries:
        assert not serializer.is_valid()
    assert serializer.errors["employee_id"][0].code == "invalid"
    assert len(queries) == 0
    assert noted == []


def test_a_reference_becomes_the_row_and_is_written_as_its_id(
    in_acme: Personas,
) -> None:
    employee = EmployeeFactory(full_name="Noa Levi")
    serializer = CardSerializer(data={"employee_id": str(employee.id)})
    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"employee": employee}
    card = WorkCard(employee=employee, notes="")
    assert CardSerializer(card).data == {
        "employee_id": str(employee.id),
        "employee": {"id": str(employee.id), "name": "Noa Levi"},
        "notes": "",
    }


def test_a_value_in_use_is_refused_alike_whoever_has_it(
    in_acme: Personas, globex: Personas, noted: list[Any], monkeypatch: Any
) -> None:
    monkeypatch.setitem(
        errors.UNIQUE_FIELDS, "employees_passport_unique", "passport_id"
    )
    with globex.scope():
        EmployeeFactory(passport_id="FOREIGN1")
    EmployeeFactory(passport_id="OWN12345")
    bodies = set()
    for passport in ("FOREIGN1", "OWN12345"):
        with transaction.atomic():
            response = send("post", {"full_name": "Dan", "passport_id": passport})
            transaction.set_rollback(True)
        assert response.status_code == 400
        bodies.add(response.content)
        assert noted.pop()["value"] == passport
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["errors"] == [
        {
            "code": "already_in_use",
            "detail": "This value is already in use.",
            "attr": "passport_id",
        }
    ]


def test_another_businesss_row_is_404_like_a_missing_one(
    in_acme: Personas, globex: Personas, noted: list[Any]
) -> None:
    with globex.scope():
        foreign = EmployeeFactory().id
    missing = uuid.uuid4()
    bodies = {send("get", pk=pk).content for pk in (foreign, missing)}
    assert len(bodies) == 1
    assert [report["value"] for report in noted] == [str(foreign), str(missing)]


def test_a_foreign_id_in_a_filter_finds_nothing_like_a_missing_one(
    in_acme: Personas, globex: Personas, noted: list[Any]
) -> None:
    with globex.scope():
        foreign = WorkCardFactory(employee=EmployeeFactory()).employee_id
    own = WorkCardFactory(employee=EmployeeFactory()).employee_id
    bodies = []
    for employee_id in (foreign, uuid.uuid4(), own):
        request = APIRequestFactory().get("/api/x", {"employee_id": str(employee_id)})
        response = CardViewSet.as_view({"get": "list"})(request)
        assert response.status_code == 200
        bodies.append(response.data)
    assert bodies[0] == bodies[1]
    assert [body["count"] for body in bodies] == [0, 0, 1]
    assert noted == []


def test_every_method_refuses_parameters_that_nobody_declared(
    in_acme: Personas,
) -> None:
    employee = EmployeeFactory()
    for method, kwargs in (("post", {}), ("get", {"pk": employee.id})):
        request = getattr(APIRequestFactory(), method)("/api/x?colour=red&page=2")
        view = SampleEmployeeViewSet.as_view({"get": "retrieve", "post": "create"})
        response = view(request, **kwargs)
        assert response.status_code == 400
        assert {e["attr"] for e in response.data["errors"]} == {"colour", "page"}
        assert response["Cache-Control"] == "private, no-store"


def test_the_body_of_a_get_can_be_put_back(in_acme: Personas) -> None:
    employee = EmployeeFactory(full_name="Noa")
    shown = json.loads(send("get", pk=employee.id).content)
    assert send("put", shown, pk=employee.id).status_code == 200
    changed = {**shown, "business_id": str(uuid.uuid4()), "created_at": None}
    response = send("put", changed, pk=employee.id)
    assert response.status_code == 400
    assert {e["attr"]: e["code"] for e in response.data["errors"]} == {
        "business_id": "read_only",
        "created_at": "read_only",
    }


def test_a_foreign_key_is_filtered_by_its_plain_id() -> None:
    assert type(CardFilterSet.base_filters["employee_id"]).__name__ == "IdFilter"


def test_the_shared_sites_are_references_too(in_acme: Personas) -> None:
    site = SiteFactory(site_name="North")
    field = ReferenceField(queryset=type(site).objects)
    assert field.to_internal_value(str(site.id)) == site
