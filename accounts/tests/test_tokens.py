"""Tests of invalid, forged and foreign tokens: 401, each with its code."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import SignIn, User
from accounts.roles import Role
from accounts.services import deactivate_user, update_user
from accounts.tests.api_clients import client_of, token_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from accounts.token_sessions import end_sign_in, start_sign_in
from accounts.tokens import ACTING, BUSINESS, HOME, ISSUED_AT, SIGN_IN, USER
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope
from tests.api_helpers import problem

ME = "/api/auth/me"
GOOD = "four other random words"


def answer(token: str, path: str = ME) -> tuple[int, str]:
    """Return status and first error code of a request with `token`."""
    response = APIClient().get(path, headers={"Authorization": f"Bearer {token}"})
    errors = response.json().get("errors") or [{"code": ""}]
    if response.status_code == 401:
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    return response.status_code, errors[0]["code"]


DEAD = (401, "token_not_valid")
ALIVE = (200, "")


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], key: str = settings.JWT_SIGNING_KEY) -> str:
    return jwt.encode(claims, key, algorithm="HS256")


def retold(user: User, **claims: Any) -> str:
    """Return a token of `user` with other claims and a valid signature.

    It stands for a leaked key.
    """
    return signed(claims_of(token_of(user)) | claims)


def test_a_token_of_ours_is_good(acme: Personas) -> None:
    assert answer(token_of(acme.admin)) == ALIVE
    assert answer(retold(acme.admin)) == ALIVE


def test_no_token_is_401_not_authenticated(db: None) -> None:
    response = APIClient().get(ME)
    assert response.status_code == 401
    assert response.json()["errors"][0]["code"] == "not_authenticated"
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("scheme", ["Basic dXNlcjpwYXNz", "Token abc", "JWT abc"])
def test_other_schemes_are_no_token(db: None, scheme: str) -> None:
    response = APIClient().get(ME, headers={"Authorization": scheme})
    assert response.json()["errors"][0]["code"] == "not_authenticated"


def test_a_session_is_no_token(acme: Personas) -> None:
    client = APIClient()
    client.cookies["sessionid"] = "abc"
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize(
    "rubbish", ["", "rubbish", "a.b.c", "\xe9.\xe9.\xe9", "x" * 5000, "null"]
)
def test_rubbish_is_401(db: None, rubbish: str) -> None:
    assert answer(rubbish) == DEAD


def unsigned(token: str) -> str:
    return jwt.encode(claims_of(token), None, algorithm="none")


def of_another_key(token: str) -> str:
    return signed(claims_of(token), "another-key-that-is-long-enough-for-hs256")


def of_another_algorithm(token: str) -> str:
    return jwt.encode(claims_of(token), settings.JWT_SIGNING_KEY, algorithm="HS512")


def of_another_issuer(token: str) -> str:
    return signed(claims_of(token) | {"iss": "elsewhere"})


def of_no_issuer(token: str) -> str:
    claims = claims_of(token)
    del claims["iss"]
    return signed(claims)


def changed(token: str) -> str:
    """Return a token with changed claims under the old signature."""
    header, _, signature = token.split(".")
    payload = unsigned(signed(claims_of(token) | {USER: str(uuid.uuid4())}))
    return f"{header}.{payload.split('.')[1]}.{signature}"


def cut(token: str) -> str:
    return token[:-2]


def without_end(token: str) -> str:
    claims = claims_of(token)
    del claims["exp"]
    return signed(claims)


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        of_another_key,
        of_another_algorithm,
        of_another_issuer,
        of_no_issuer,
        changed,
        cut,
        without_end,
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_forged_token_is_401(acme: Personas, forge: Callable[[str], str]) -> None:
    assert answer(forge(token_of(acme.admin))) == DEAD


@pytest.mark.parametrize("claim", [USER, HOME, BUSINESS, SIGN_IN, ACTING, ISSUED_AT])
def test_a_token_without_one_of_our_claims_is_401(acme: Personas, claim: str) -> None:
    claims = claims_of(token_of(acme.admin))
    del claims[claim]
    assert answer(signed(claims)) == DEAD


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        (claim, value)
        for claim in (USER, HOME, BUSINESS, SIGN_IN, ACTING, ISSUED_AT)
        for value in ("rubbish", 7.5e300, [], {}, True)
        # True is the number 1 in Python, a valid time in 1970.
        if (claim, value) != (ISSUED_AT, True)
    ],
)
def test_a_token_with_a_malformed_claim_is_401(
    acme: Personas, claim: str, value: Any
) -> None:
    assert answer(retold(acme.admin, **{claim: value})) == DEAD


@pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
def test_a_token_that_ends_at_no_time_is_401(acme: Personas, kind: Any) -> None:
    token = retold(acme.admin, exp=10**30, token_type=kind.token_type)
    if kind is AccessToken:
        assert answer(token) == DEAD
    else:
        response = APIClient().post("/api/auth/refresh", {"refresh": token})
        assert problem(response)[:2] == DEAD


def test_an_expired_token_is_401(acme: Personas) -> None:
    """The validation tolerates clocks of two machines that differ by five seconds."""
    token = token_of(acme.admin)
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=6)):
        assert answer(token) == DEAD


@pytest.mark.parametrize("ahead", [0.3, 1.0, 4.5])
def test_a_token_of_a_machine_whose_clock_is_ahead_is_good(
    acme: Personas, ahead: float
) -> None:
    with time_machine.travel(at := timezone.now(), tick=False):
        with time_machine.travel(at + timedelta(seconds=ahead), tick=False):
            tokens = start_sign_in(acme.admin)
        assert answer(tokens.access) == ALIVE
        renewed = APIClient().post("/api/auth/refresh", {"refresh": tokens.refresh})
        assert renewed.status_code == 200


def test_a_token_from_the_future_is_401(acme: Personas) -> None:
    with time_machine.travel(at := timezone.now(), tick=False):
        with time_machine.travel(at + timedelta(seconds=7), tick=False):
            token = token_of(acme.admin)
        assert answer(token) == DEAD


@pytest.mark.parametrize("ahead", [0.3, 3.0, -0.3, -3.0])
def test_a_sign_out_ends_the_tokens_of_machines_whose_clocks_differ(
    acme: Personas, ahead: float
) -> None:
    """The times come from the database, so the machines' clocks are irrelevant."""
    shifted = timezone.now() + timedelta(seconds=ahead)
    with time_machine.travel(shifted):
        before = token_of(acme.viewer)
    with acme.scope():
        update_user(user_id=acme.viewer.pk, values={"password": GOOD}, actor=None)
    with time_machine.travel(shifted):
        after = token_of(acme.viewer)
    assert answer(before) == DEAD
    assert answer(after) == ALIVE


@pytest.mark.parametrize("ahead", [0.3, 3.0, -0.3, -3.0])
def test_a_sign_out_ends_the_sessions_of_machines_whose_clocks_differ(
    acme: Personas, ahead: float
) -> None:
    client = Client()
    credentials = {"email": acme.viewer.email, "password": PASSWORD}
    with time_machine.travel(timezone.now() + timedelta(seconds=ahead)):
        assert client.post("/admin/login/", credentials).status_code == 302
    assert client.get("/admin/").status_code == 200
    with acme.scope():
        update_user(user_id=acme.viewer.pk, values={"password": GOOD}, actor=None)
    assert client.get("/admin/").status_code == 401


def test_a_refresh_token_opens_nothing(acme: Personas) -> None:
    assert answer(start_sign_in(acme.admin).refresh) == DEAD


def test_a_token_lives_15_minutes(acme: Personas) -> None:
    claims = claims_of(token_of(acme.admin))
    assert claims["exp"] - claims["iat"] == 15 * 60


# The user's row overrides the claims of a validly signed token.


def test_a_good_signature_opens_no_other_business(
    acme: Personas, globex: Personas
) -> None:
    other = str(globex.id)
    assert answer(retold(acme.admin, business_id=other)) == DEAD
    assert answer(retold(acme.admin, business_id=other, home=other)) == DEAD
    assert answer(retold(acme.admin, business_id=None)) == DEAD
    assert answer(retold(acme.admin, business_id=None, home=None)) == DEAD
    platform = str(PLATFORM_ID)
    assert answer(retold(acme.admin, business_id=None, home=platform)) == DEAD
    assert answer(retold(acme.admin, business_id=platform, home=platform)) == DEAD


def test_a_good_signature_makes_nobody_act(acme: Personas, globex: Personas) -> None:
    claims = {"business_id": str(globex.id), "acting": str(uuid.uuid4())}
    assert answer(retold(acme.admin, **claims)) == DEAD


def test_a_sign_in_is_its_users_own(acme: Personas) -> None:
    assert answer(retold(acme.admin, user_id=str(acme.viewer.pk))) == DEAD
    assert answer(retold(acme.viewer, user_id=str(acme.admin.pk))) == DEAD
    assert answer(retold(acme.admin, sid=str(uuid.uuid4()))) == DEAD


def test_a_super_admins_token_opens_no_business_that_they_do_not_act_for(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    other = str(globex.id)
    assert answer(retold(super_admin, business_id=other)) == (401, "acting_expired")
    assert answer(retold(super_admin, business_id=str(PLATFORM_ID))) == DEAD
    acting = claims_of(token_of(super_admin, acting_for=acme.business))
    assert answer(signed(acting)) == ALIVE
    assert answer(signed(acting | {"business_id": other})) == (401, "acting_expired")
    forged = acting | {"acting": str(uuid.uuid4())}
    assert answer(signed(forged)) == (401, "acting_expired")


def test_a_user_who_is_no_super_admin_any_more_is_refused(
    acme: Personas, super_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database ties the role to Platform. The check holds even without that constraint."""
    on_platform = token_of(super_admin)
    acting = token_of(super_admin, acting_for=acme.business)
    monkeypatch.setattr(User, "is_super_admin", property(lambda user: False))
    assert answer(on_platform) == DEAD
    assert answer(acting) == DEAD


# Tokens that became invalid after they were issued.


def test_an_inactive_users_token_is_user_inactive_and_stays_dead(
    acme: Personas,
) -> None:
    token = token_of(acme.viewer)
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    assert answer(token) == (401, "user_inactive")
    admin = client_of(acme.admin)
    assert admin.post(f"/api/users/{acme.viewer.pk}/activate").status_code == 200
    assert answer(token) == DEAD


def test_a_token_of_an_inactive_business_is_business_inactive_and_stays_dead(
    acme: Personas, super_admin: User
) -> None:
    token = token_of(acme.viewer)
    acting = token_of(super_admin, acting_for=acme.business)
    platform = APIClient(
        headers={"Authorization": f"Bearer {start_sign_in(super_admin).access}"}
    )
    path = f"/api/businesses/{acme.id}"
    assert platform.post(f"{path}/deactivate").status_code == 200
    assert answer(token) == (401, "business_inactive")
    assert answer(acting) == (401, "business_inactive")
    assert platform.post(f"{path}/activate").status_code == 200
    assert answer(token) == DEAD
    assert answer(acting) == DEAD
    assert answer(token_of(acme.viewer)) == ALIVE


@pytest.mark.parametrize(
    "values", [{"role": Role.VIEWER}, {"password": "four other random words"}]
)
def test_a_demotion_or_a_new_password_ends_what_was_before(
    acme: Personas, values: dict[str, Any]
) -> None:
    tokens = start_sign_in(acme.reviewer)
    with acme.scope():
        update_user(user_id=acme.reviewer.pk, values=values, actor=None)
    assert answer(tokens.access) == DEAD
    refreshed = APIClient().post("/api/auth/refresh", {"refresh": tokens.refresh})
    assert refreshed.status_code == 401
    assert answer(token_of(acme.reviewer)) == ALIVE


def test_a_promotion_ends_nothing(acme: Personas) -> None:
    token = token_of(acme.viewer)
    with acme.scope():
        values = {"role": Role.REVIEWER}
        update_user(user_id=acme.viewer.pk, values=values, actor=None)
    assert answer(token) == ALIVE


def test_a_token_from_before_signed_out_at_is_dead_even_if_its_sign_in_lives(
    acme: Personas,
) -> None:
    token = token_of(acme.admin)
    with acme.scope():
        acme.admin.signed_out_at = timezone.now()
        acme.admin.save(update_fields=["signed_out_at"])
        assert SignIn.objects.filter(revoked_at__isnull=True).exists()
    assert answer(token) == DEAD
    assert answer(retold(acme.admin, issued_at=time.time() - 3600)) == DEAD
    assert answer(token_of(acme.admin)) == ALIVE


def test_ending_a_sign_in_kills_its_access_token_at_once(acme: Personas) -> None:
    tokens = start_sign_in(acme.admin)
    other = start_sign_in(acme.admin)
    end_sign_in(tokens.refresh)
    assert answer(tokens.access) == DEAD
    assert answer(other.access) == ALIVE


def test_a_deleted_users_token_is_dead(acme: Personas) -> None:
    assert answer(retold(acme.admin, user_id=str(uuid.uuid4()))) == DEAD


def test_a_dead_token_writes_nothing(acme: Personas) -> None:
    token = token_of(acme.admin)
    with acme.scope():
        acme.admin.signed_out_at = timezone.now()
        acme.admin.save(update_fields=["signed_out_at"])
    response = APIClient(headers={"Authorization": f"Bearer {token}"}).post(
        "/api/users",
        {
            "email": "new@example.com",
            "full_name": "New",
            "role": "VIEWER",
            "password": "four other random words",
        },
    )
    assert response.status_code == 401
    with acme.scope():
        assert not User.objects.filter(email="new@example.com").exists()


def test_the_library_makes_tokens_of_our_issuer(db: None) -> None:
    assert claims_of(str(AccessToken()))["iss"] == "automatehq"


def test_a_sign_in_that_has_run_out_is_forgotten_at_the_next(acme: Personas) -> None:
    start_sign_in(acme.admin)
    start_sign_in(acme.viewer)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        start_sign_in(acme.admin)
    with business_scope(acme.id):
        assert SignIn.objects.filter(user=acme.admin).count() == 1
        assert SignIn.objects.filter(user=acme.viewer).count() == 1
