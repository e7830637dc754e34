"""Declarations of endpoints, and the routes that result from them."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from automatehq.api.declarations import declaration_of, right_of
from automatehq.api.query_serializers import QuerySerializer
from automatehq.api.routing import Router, api_routes, endpoint, methods_of
from automatehq.api.views import APIView
from businesses.tenancy.permissions import BelongsToBusiness
from tests.api_helpers import problem


class ColourQuery(QuerySerializer):
    colour = serializers.CharField(required=False)


COLOUR = OpenApiParameter("colour")
KEY = OpenApiParameter("Idempotency-Key", location=OpenApiParameter.HEADER)


@extend_schema_view(retrieve=endpoint(parameters=[COLOUR, KEY]))
class RoutedCardViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    viewsets.GenericViewSet,
):
    lookup_value_converter = "id"
    permission_classes = [BelongsToBusiness]
    read_right = "cards.see"
    write_right = "cards.upload"

    @endpoint(right="cards.review")
    def create(self, request: Request) -> Response:
        return Response()

    @endpoint("GET pending", right="cards.see", is_list=True, parameters=[ColourQuery])
    def pending(self, request: Request) -> Response:
        return Response()

    @endpoint("GET {id}/days", right="cards.see")
    def days(self, request: Request, pk: str) -> Response:
        return Response()

    @endpoint("PUT {id}/days", right="cards.review")
    def replace_days(self, request: Request, pk: str) -> Response:
        return Response()

    def secret(self, request: Request, pk: str) -> Response:
        return Response()


class RoutedView(APIView):
    permission_classes = [BelongsToBusiness]

    @endpoint(right="cards.see", parameters=[COLOUR])
    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("api/view", RoutedView.as_view())]


def routes() -> list[tuple[str, str, dict[str, str]]]:
    router = Router()
    router.register("cards", RoutedCardViewSet, "card")
    return [
        (str(route.pattern), route.name, methods_of(route.callback))
        for route in router.urls
    ]


def test_fixed_words_come_before_ids_and_methods_of_a_path_share_its_route() -> None:
    assert routes() == [
        ("cards", "card-list", {"GET": "list", "POST": "create"}),
        ("cards/pending", "card-pending", {"GET": "pending"}),
        ("cards/<id:pk>", "card-detail", {"GET": "retrieve"}),
        ("cards/<id:pk>/days", "card-days", {"GET": "days", "PUT": "replace_days"}),
    ]


@pytest.mark.parametrize(
    ("method", "right"),
    [
        ("list", "cards.see"),
        ("retrieve", "cards.see"),
        ("create", "cards.review"),
        ("update", "cards.upload"),
        ("days", "cards.see"),
        ("replace_days", "cards.review"),
        ("secret", None),
        ("missing", None),
    ],
)
def test_a_method_has_its_own_right_or_that_of_the_class(
    method: str, right: str | None
) -> None:
    assert right_of(RoutedCardViewSet, method) == right


def test_parameters_of_the_query_are_declared_and_headers_are_not() -> None:
    assert declaration_of(RoutedCardViewSet, "retrieve").query_parameters == {"colour"}
    assert declaration_of(RoutedCardViewSet, "pending").query_parameters == {"colour"}
    assert declaration_of(RoutedCardViewSet, "days").query_parameters == set()


def test_the_declaration_of_an_inherited_method_stays_in_its_class() -> None:
    assert not declaration_of(mixins.RetrieveModelMixin, "retrieve").query_parameters


def test_the_list_of_routes_has_paths_and_methods() -> None:
    found = {route.name: route for route in api_routes()}
    assert found["docs"].methods == {"GET": "get"}
    assert found["act-as"].methods == {"POST": "post", "DELETE": "delete"}
    assert found["work-card-approve"].path == "work_cards/<id:pk>/approve"
    assert found["work-card-approve"].methods == {"POST": "approve"}
    paths = [route.path for route in api_routes()]
    assert paths.index("work_cards/missing") < paths.index("work_cards/<id:pk>")


def test_two_methods_of_one_path_and_http_method_are_an_error() -> None:
    class RepeatedRouteViewSet(viewsets.GenericViewSet):
        @endpoint("GET {id}/days", right="cards.see")
        def days(self, request: Request, pk: str) -> Response:
            return Response()

        @endpoint("GET {id}/days", right="cards.see")
        def more_days(self, request: Request, pk: str) -> Response:
            return Response()

    with pytest.raises(ImproperlyConfigured, match=r"declares .*/days.* twice for get"):
        Router().get_routes(RepeatedRouteViewSet)


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_a_method_without_a_permission_is_rejected_for_all_users(
    acme: Personas,
) -> None:
    client = client_of(acme.admin)
    assert client.get("/api/view?colour=red").status_code == 200
    assert client.head("/api/view?colour=red").status_code == 200
    assert problem(client.get("/api/view?size=2"))[:2] == (400, "unknown_parameter")
    assert problem(client.post("/api/view", {}))[:2] == (403, "permission_denied")
