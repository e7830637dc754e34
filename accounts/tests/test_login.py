"""Tests of POST /api/auth/login: successful and rejected sign-ins."""

from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from accounts.services import deactivate_user, release_user
from accounts.tests.api_clients import client_of, token_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope

LOGIN = "/api/auth/login"


def login(email: Any, password: Any = PASSWORD, **extra: Any) -> Any:
    body = {"email": email, "password": password}
    return APIClient().post(LOGIN, body, **extra)


def codes(response: Any) -> list[str]:
    return [error["code"] for error in response.json()["errors"]]


def events(business_id: Any) -> list[tuple[str, str]]:
    with business_scope(business_id):
        rows = AuditEvent.objects.order_by("created_at", "id")
        return [(row.event_type, row.entity_label) for row in rows]


def test_the_right_password_gives_tokens_user_and_business(acme: Personas) -> None:
    response = login(acme.reviewer.email)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access", "refresh", "user", "business", "businesses"}
    assert body["user"]["id"] == str(acme.reviewer.pk)
    assert "password" not in body["user"]
    assert body["business"]["id"] == str(acme.id)
    me = APIClient().get(
        "/api/auth/me", headers={"Authorization": f"Bearer {body['access']}"}
    )
    assert me.status_code == 200
    with acme.scope():
        user = User.objects.get(pk=acme.reviewer.pk)
        assert user.last_login is not None
        assert user.updated_at == acme.reviewer.updated_at
        assert AuditEvent.objects.count() == 0


def test_a_super_admin_signs_in_to_no_business(super_admin: User) -> None:
    body = login(super_admin.email).json()
    assert body["business"] is None
    assert body["user"]["business_id"] == str(PLATFORM_ID)


def test_an_email_is_the_same_in_any_case_and_with_spaces(acme: Personas) -> None:
    assert login(f"  {acme.admin.email.upper()} ").status_code == 200  # type: ignore[union-attr]


@pytest.mark.parametrize("email", ["admin@acme.example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_email_are_told_the_same(
    acme: Personas, email: str
) -> None:
    response = login(email, "wrong")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.json() == {
        "type": "client_error",
        "errors": [
            {
                "code": "authentication_failed",
                "detail": "The e-mail or password is wrong.",
                "attr": None,
            }
        ],
    }


@pytest.mark.parametrize(
    "email",
    ["admin@acme.example.com", "nobody@example.com", "viewer@acme.example.com"],
)
def test_whoever_is_asked_for_one_password_is_hashed(
    acme: Personas, email: str
) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    with patch.object(MD5PasswordHasher, "encode", counted):
        assert login(email, "wrong").status_code == 401
    assert hashed == ["wrong"]


def test_known_and_unknown_emails_cost_the_same_queries(
    acme: Personas, django_assert_max_num_queries: Any
) -> None:
    def queries_of(email: str) -> list[str]:
        with django_assert_max_num_queries(100) as captured:
            login(email, "wrong")
        return [query["sql"].split()[0] for query in captured.captured_queries]

    login("first@example.com", "wrong")  # starts the count of the address
    assert queries_of("admin@acme.example.com") == queries_of("nobody@example.com")


def test_a_failure_stands_in_the_trail_of_the_users_business(acme: Personas) -> None:
    login(acme.admin.email, "wrong", REMOTE_ADDR="203.0.113.7")
    with acme.scope():
        event = AuditEvent.objects.get()
        assert event.event_type == "sign_in_failed"
        assert event.entity_id == acme.admin.pk
        assert event.entity_label == acme.admin.email
        assert event.actor_id is None
        assert event.metadata["address"] == "203.0.113.7"
        assert event.metadata["code"] == "authentication_failed"
        assert "wrong" not in str(event.metadata)
    assert events(PLATFORM_ID) == []


def test_a_failure_of_nobody_stands_in_platforms_trail(acme: Personas) -> None:
    login("Nobody@example.com", "wrong")
    assert events(PLATFORM_ID) == [("sign_in_failed", "nobody@example.com")]
    assert events(acme.id) == []


def test_an_inactive_user_is_told_so_with_the_right_password_only(
    acme: Personas,
) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    right, wrong = login(acme.viewer.email), login(acme.viewer.email, "wrong")
    assert (right.status_code, codes(right)) == (403, ["user_inactive"])
    assert (wrong.status_code, codes(wrong)) == (401, ["authentication_failed"])
    with acme.scope():
        assert SignIn.objects.count() == 0


def test_a_user_of_an_inactive_business_is_told_so_with_the_right_password_only(
    acme: Personas,
) -> None:
    with acme.scope():
        acme.business.is_active = False
        acme.business.save(update_fields=["is_active"])
    right, wrong = login(acme.viewer.email), login(acme.viewer.email, "wrong")
    assert (right.status_code, codes(right)) == (403, ["business_inactive"])
    assert (wrong.status_code, codes(wrong)) == (401, ["authentication_failed"])


def test_a_released_user_is_nobody(acme: Personas) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
        release_user(user_id=acme.viewer.pk, actor=None)
    assert codes(login(acme.viewer.email)) == ["authentication_failed"]


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"email": "a@b.example"}, "password", "required"),
        ({"password": "x"}, "email", "required"),
        ({"email": "a\x00@b.example", "password": "x"}, "email", None),
        ({"email": "a@b.example", "password": "x\x00"}, "password", None),
        ({"email": "a" * 300, "password": "x"}, "email", "max_length"),
        ({"email": "a@b.example", "password": "x" * 129}, "password", "max_length"),
        ({"email": 7, "password": "x"}, "email", "invalid"),
        ({"email": "a@b.example", "password": 7}, "password", "invalid"),
        ({"email": ["a@b.example"], "password": "x"}, "email", "invalid"),
        ({"email": None, "password": "x"}, "email", "null"),
        ({"email": "", "password": "x"}, "email", "blank"),
        ({"email": "a@b.example", "password": {}}, "password", "invalid"),
        ({"email": "a@b.example", "password": "x", "role": "ADMIN"}, "role", None),
    ],
)
def test_a_malformed_request_is_400_and_names_the_field(
    db: None, body: Any, attr: str, code: str | None
) -> None:
    response = APIClient().post(LOGIN, body)
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["attr"] == attr
    assert code is None or error["code"] == code


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"email": "a\\ud800", "password": "x"}', "application/json", 400),
        (b'{"email": "a", "password": "x\\ud800"}', "application/json", 400),
        (b'{"email": "\xff"}', "application/json", 400),
        (b"email=a&password=b", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_json_object_is_refused(
    db: None, content: bytes, content_type: str, status: int
) -> None:
    response = APIClient().generic("POST", LOGIN, content, content_type)
    assert response.status_code == status


def test_query_parameters_and_other_methods_are_refused(db: None) -> None:
    assert APIClient().post(f"{LOGIN}?next=/", {}).status_code == 400
    assert APIClient().get(LOGIN).status_code == 405


def test_a_bearer_sent_along_changes_nothing(acme: Personas, globex: Personas) -> None:
    bearer = {"Authorization": f"Bearer {token_of(globex.admin)}"}
    assert login(acme.admin.email, headers=bearer).status_code == 200
    for _ in range(5):
        assert login(acme.admin.email, "wrong", headers=bearer).status_code == 401
    assert login(acme.admin.email, headers=bearer).status_code == 429
    assert [kind for kind, _ in events(acme.id)].count("sign_in_failed") == 5
    assert events(globex.id) == []


@pytest.mark.parametrize("bearer", ["Bearer rubbish", "Bearer", "Basic YTpi", "\xff"])
def test_a_bad_header_sent_along_changes_nothing(acme: Personas, bearer: str) -> None:
    headers = {"Authorization": bearer}
    assert login(acme.admin.email, headers=headers).status_code == 200


def test_an_email_with_invisible_characters_is_stored_and_signs_in_as_it_looks(
    acme: Personas,
) -> None:
    made = client_of(acme.admin).post(
        "/api/users",
        {
            "email": "New\u200b@Example.com\u200e",
            "full_name": "Noa Levi",
            "role": "VIEWER",
            "password": "four other random words",
        },
    )
    assert made.json()["email"] == "new@example.com"
    for typed in ("new@example.com", "\u202anew@example.com\u202c", "NEW@example.com "):
        assert login(typed, "four other random words").status_code == 200
