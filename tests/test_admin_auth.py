"""Admin authentication: sign-in, sign-out, sessions, passwords, acting."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.authentication import SESSION_KEY
from accounts.models import User
from accounts.services import activate_user, deactivate_user
from accounts.tests.api_clients import client_of, token_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.models import PLATFORM_ID
from businesses.services import deactivate_business
from businesses.tenancy.context import business_scope
from businesses.tenancy.form_token import FORM_BUSINESS_FIELD
from workforce.tests.factories import EmployeeFactory

from .admin_clients import AdminClient, admin_client_for, seal_of
from .api_helpers import events

LOGIN, HOME = "/admin/login/", "/admin/"
EMPLOYEES = "/admin/workforce/employee/"
LANGUAGE = "/admin/language/"


def sign_in(
    email: Any, password: str = PASSWORD, client: Client | None = None, **more: Any
) -> Any:
    body = {"email": email, "password": password, **more}
    return (client or Client()).post(LOGIN, body)


def kinds(business_id: uuid.UUID) -> list[str]:
    return [event.event_type for event in events(business_id)]


@pytest.mark.parametrize("path", ["/", "/admin"])
def test_the_address_alone_leads_to_the_admin(db: None, path: str) -> None:
    assert Client().get(path)["Location"] == HOME


# Sign in


def test_the_right_password_opens_the_admin(acme: Personas) -> None:
    client = Client()
    assert client.get(HOME).headers["Location"] == f"{LOGIN}?next={HOME}"
    response = sign_in(f" {str(acme.reviewer.email).upper()}", client=client)
    assert (response.status_code, response["Location"]) == (302, HOME)
    page = client.get(HOME)
    assert page.status_code == 200
    assert acme.business.business_name in page.content.decode()
    with acme.scope():
        assert User.objects.get(pk=acme.reviewer.pk).last_login is not None


@pytest.mark.parametrize("email", ["admin@acme.example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_email_are_told_the_same(
    acme: Personas, email: str
) -> None:
    response = sign_in(email, "wrong")
    assert response.status_code == 401
    assert "The e-mail or password is wrong." in response.content.decode()
    assert SESSION_KEY not in response.client.session
    trail = events(acme.id if "acme" in email else PLATFORM_ID)
    assert [event.event_type for event in trail] == ["sign_in_failed"]
    assert trail[0].metadata["channel"] == "admin"


def test_admin_and_api_count_failures_together(acme: Personas) -> None:
    for _ in range(5):
        assert sign_in(acme.admin.email, "wrong").status_code == 401
    locked = sign_in(acme.admin.email)
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 15 * 60
    body = {"email": acme.admin.email, "password": PASSWORD}
    api = Client().post("/api/auth/login", body, content_type="application/json")
    assert api.status_code == 429
    assert kinds(acme.id) == ["sign_in_failed"] * 5 + ["sign_in_locked"]


def test_with_the_right_password_an_inactive_user_is_told_so(acme: Personas) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    right, wrong = sign_in(acme.viewer.email), sign_in(acme.viewer.email, "wrong")
    assert (right.status_code, wrong.status_code) == (403, 401)
    assert "This user is inactive." in right.content.decode()
    assert "inactive" not in wrong.content.decode()


def test_with_the_right_password_an_inactive_business_is_told(acme: Personas) -> None:
    deactivate_business(business_id=acme.id, actor=None)
    response = sign_in(acme.admin.email)
    assert response.status_code == 403
    assert "This business is inactive." in response.content.decode()


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("/admin/workforce/employee/?q=a", "/admin/workforce/employee/?q=a"),
        ("https://evil.example/admin/", HOME),
        ("//evil.example/", HOME),
        ("/\\evil.example/", HOME),
        ("javascript:alert(1)", HOME),
        ("http://testserver/admin/", "http://testserver/admin/"),
        ("", HOME),
    ],
)
def test_after_signing_in_one_goes_to_a_page_of_ours(
    acme: Personas, target: str, given: str
) -> None:
    assert sign_in(acme.admin.email, next=target)["Location"] == given


def test_a_bearer_sent_along_does_not_keep_failures_from_being_counted(
    acme: Personas, globex: Personas
) -> None:
    client = Client(headers={"Authorization": f"Bearer {token_of(globex.admin)}"})
    for _ in range(5):
        assert sign_in(acme.admin.email, "wrong", client).status_code == 401
    assert sign_in(acme.admin.email, client=client).status_code == 429


# The session


def test_a_session_known_before_signing_in_is_worth_nothing(acme: Personas) -> None:
    client = Client()
    session = client.session
    session["planted"] = "here"
    session.save()
    planted = session.session_key
    sign_in(acme.admin.email, client=client)
    assert client.cookies["sessionid"].value != planted
    assert "planted" not in client.session
    assert not Session.objects.filter(session_key=planted).exists()


def test_the_cookies_are_kept_from_scripts_and_other_sites(
    acme: Personas, settings: Any
) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client = Client()
    sign_in(acme.admin.email, client=client)
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (
        True,
        True,
        "Lax",
    )


def test_pages_are_kept_out_of_caches(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    for path in (HOME, EMPLOYEES, f"{EMPLOYEES}add/", "/admin/nowhere/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_every_form_needs_its_csrf_token(acme: Personas) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(acme.admin.email, client=strict).status_code == 403
    signed_in = admin_client_for(acme.admin)
    signed_in.handler.enforce_csrf_checks = True
    for path in (
        "/admin/logout/",
        "/admin/stop_acting/",
        "/admin/language/",
        f"{EMPLOYEES}add/",
        "/admin/workcards/workcard/upload/",
    ):
        assert signed_in.send(path).status_code == 403
    assert signed_in.get(HOME).status_code == 200


def test_the_admin_ignores_tokens_and_the_api_ignores_sessions(acme: Personas) -> None:
    bearer = {"Authorization": f"Bearer {token_of(acme.admin)}"}
    assert Client(headers=bearer).get(EMPLOYEES).status_code == 302
    assert admin_client_for(acme.admin).get("/api/employees").status_code == 401
    assert client_of(acme.admin).get("/api/employees").status_code == 200


def test_a_session_and_a_token_of_two_businesses_each_open_their_own_door(
    acme: Personas, globex: Personas
) -> None:
    client = admin_client_for(acme.admin)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token_of(globex.admin)}"
    assert client.get(HOME).context["business"] == acme.business
    me = client.get("/api/auth/me").json()
    assert me["business"]["id"] == str(globex.id)


def test_signing_out_is_asked_for_by_post_and_ends_the_session(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    key = client.session.session_key
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/")["Location"] == LOGIN
    assert not Session.objects.filter(session_key=key).exists()
    assert client.get(HOME).status_code == 302


@pytest.mark.parametrize("who", ["user", "business"])
def test_who_is_shut_out_is_out_at_once_and_for_good(acme: Personas, who: str) -> None:
    client = admin_client_for(acme.viewer)
    if who == "user":
        with acme.scope():
            deactivate_user(user_id=acme.viewer.pk, actor=None)
    else:
        deactivate_business(business_id=acme.id, actor=None)
    response = client.get(EMPLOYEES)
    assert response.status_code == 401
    assert "inactive" in response.content.decode()
    if who == "user":
        with acme.scope():
            activate_user(user_id=acme.viewer.pk, actor=None)
        assert client.get(EMPLOYEES).status_code == 302


def test_a_dead_session_shows_what_was_typed_and_saves_nothing(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(signed_out_at=timezone.now())
    typed = {"full_name": "Nobody Yet", "new_password": "secret words here"}
    # Names that are not form fields, and that in the model lead to other rows.
    typed |= {"work_cards": "1", "workcard": "2", "reason": "3"}
    response = client.send(f"{EMPLOYEES}add/", typed)
    page = response.content.decode()
    assert response.status_code == 401
    assert '<th scope="row">Full name</th><td><bdi>Nobody Yet</bdi></td>' in page
    assert "secret words here" not in page
    assert kinds(acme.id) == []
    assert SESSION_KEY not in client.session


def test_a_form_sent_without_a_session_is_shown_again_and_not_lost(
    acme: Personas,
) -> None:
    response = Client().post(f"{EMPLOYEES}add/", {"full_name": "Nobody Yet"})
    assert response.status_code == 401
    assert "Nobody Yet" in response.content.decode()


# The user's own password


def change_password(
    client: AdminClient, current: str, new: str, again: str = ""
) -> Any:
    body = {"current_password": current, "new_password": new, "repeated": again or new}
    return client.send("/admin/password_change/", body)


def test_a_new_password_ends_every_sign_in(acme: Personas) -> None:
    here, elsewhere = admin_client_for(acme.admin), admin_client_for(acme.admin)
    api = client_of(acme.admin)
    response = change_password(here, PASSWORD, "four other random words")
    assert response["Location"].startswith(LOGIN)
    assert here.get(HOME).status_code == 302
    assert elsewhere.get(HOME).status_code == 401
    assert api.get("/api/auth/me").status_code == 401
    assert sign_in(acme.admin.email, "four other random words").status_code == 302
    assert kinds(acme.id) == ["user_password_changed"]


@pytest.mark.parametrize(
    ("new", "again", "message"),
    [
        ("short", "", "too short"),
        ("four other random words", "other", "do not match"),
        ("password123", "", "too common"),
    ],
)
def test_a_password_that_will_not_do_is_told_on_the_form(
    acme: Personas, new: str, again: str, message: str
) -> None:
    client = admin_client_for(acme.admin)
    response = change_password(client, PASSWORD, new, again)
    assert message in response.content.decode()
    assert client.get(HOME).status_code == 200
    assert kinds(acme.id) == []


def test_wrong_current_passwords_count_as_failures_to_sign_in(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    for _ in range(5):
        response = change_password(client, "wrong", "four other random words")
        assert response.status_code == 400
    response = change_password(client, PASSWORD, "four other random words")
    assert response.status_code == 429
    assert sign_in(acme.admin.email).status_code == 429


# Acting for a business


def act_for(
    client: AdminClient, business: Personas, reason: str = "Ticket 4711"
) -> Any:
    response = client.send(
        "/admin/act_as/", {"business": business.id, "reason": reason}
    )
    client.business_id = business.id
    return response


def test_a_super_admin_acts_for_a_business_and_leaves_it(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin)
    assert client.send(f"{EMPLOYEES}add/").status_code == 403
    before = client.session.session_key
    assert act_for(client, acme)["Location"] == HOME
    assert client.session.session_key != before
    home = client.get(HOME).content.decode()
    assert "You are acting for <strong>Acme</strong>" in home
    assert "Ticket 4711" in home
    assert client.send(f"{EMPLOYEES}add/", {"full_name": "New"}).status_code == 302
    assert client.post("/admin/stop_acting/")["Location"] == HOME
    assert client.get(HOME).context["business"] is None
    trail = events(acme.id)
    assert [event.event_type for event in trail] == [
        "acting_started",
        "employee_created",
        "acting_ended",
    ]
    assert all(event.cross_business for event in trail)
    assert {event.actor_id for event in trail} == {super_admin.pk}


def test_acting_needs_a_reason_and_an_active_business_that_there_is(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    deactivate_business(business_id=globex.id, actor=None)
    client = admin_client_for(super_admin)
    for business_id, reason in (
        (acme.id, " "),
        (globex.id, "why"),
        (PLATFORM_ID, "why"),
        (uuid.uuid4(), "why"),
    ):
        body = {"business": business_id, "reason": reason}
        response = client.send("/admin/act_as/", body)
        assert response.status_code == 200
        assert response.context["form"].errors
    assert client.get(HOME).context["business"] is None


@pytest.mark.parametrize("role", ["admin", "reviewer", "uploader", "viewer"])
def test_nobody_else_acts_for_a_business(
    acme: Personas, globex: Personas, role: str
) -> None:
    client = admin_client_for(acme.user(role))
    assert act_for(client, globex).status_code == 403
    assert kinds(globex.id) == []


def test_one_acts_for_one_business_at_a_time(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    response = client.send("/admin/act_as/", {"business": globex.id, "reason": "why"})
    assert response.context["form"].errors.keys() == {"business"}
    assert client.get(HOME).context["business"] == acme.business
    assert kinds(globex.id) == []


def test_who_acts_can_have_one_hour_more_for_the_same_reason(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin)
    act_for(client, acme)
    with time_machine.travel(timezone.now() + timedelta(minutes=50), tick=False):
        form = client.get("/admin/act_as/").context["form"]
        assert form.initial == {"business": acme.business, "reason": "Ticket 4711"}
        assert act_for(client, acme)["Location"] == HOME
        left = client.get(HOME).context["acting_seconds_left"]
        assert 3590 <= left <= 3600
    with time_machine.travel(timezone.now() + timedelta(minutes=70), tick=False):
        assert client.get(HOME).context["business"] == acme.business
    assert kinds(acme.id) == ["acting_started", "acting_ended", "acting_started"]


def test_when_the_hour_is_over_one_is_led_to_the_next(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        response = client.post("/admin/stop_acting/", {"_renew": "Renew"})
        assert response["Location"] == f"/admin/act_as/?business={acme.id}"
        form = client.get(response["Location"]).context["form"]
        assert form.initial["business"] == str(acme.id)


def test_when_the_hour_is_over_the_page_keeps_what_was_typed_and_leads_back(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        response = client.send(f"{EMPLOYEES}add/", {"full_name": "Half Typed"})
        page = response.content.decode()
        assert response.status_code == 401
        assert "Half Typed" in page
        assert "/admin/stop_acting/" in page
        assert client.get(HOME).status_code == 401  # no fallback to another scope
        assert client.post("/admin/stop_acting/")["Location"] == HOME
        assert client.get(HOME).status_code == 200
        assert client.get(HOME).context["business"] is None
    assert kinds(acme.id) == ["acting_ended"]


def test_a_form_that_came_too_late_is_sent_again_after_renewing(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        typed = {"full_name": "Half Typed", "_save": "Save"}
        late = client.send(f"{EMPLOYEES}add/", typed)
        client.post("/admin/stop_acting/", {"_renew": "Renew"})
        client.business_id = None
        act_for(client, acme)
        sent = dict(late.context["resubmitted_fields"])
        assert sent == {FORM_BUSINESS_FIELD: seal_of(acme.id), **typed}
        assert client.post(f"{EMPLOYEES}add/", sent).status_code == 302
    assert "employee_created" in kinds(acme.id)


def test_passwords_are_never_put_into_a_page_to_be_sent_again(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        late = client.send(
            "/admin/accounts/user/add/", {"new_password": "secret words"}
        )
    assert late.context["resubmitted_fields"] == []
    assert "secret words" not in late.content.decode()


def test_acting_ends_with_the_business_it_is_for(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    deactivate_business(business_id=acme.id, actor=None)
    assert client.get(EMPLOYEES).status_code == 401


def test_a_super_admin_who_was_deactivated_stops_acting_by_being_signed_out(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    with business_scope(PLATFORM_ID):
        User.objects.filter(pk=super_admin.pk).update(signed_out_at=timezone.now())
    assert client.get(HOME).status_code == 401
    assert client.post("/admin/stop_acting/").status_code == 302


# Two tabs


@pytest.mark.parametrize("drawn_for", ["globex", "platform", "nobody", "forged"])
def test_a_form_drawn_for_another_business_is_refused_with_what_was_typed(
    acme: Personas, globex: Personas, super_admin: User, drawn_for: str
) -> None:
    token = {
        "globex": seal_of(globex.id),
        "platform": seal_of(None),
        "nobody": "",
        "forged": f"{acme.id}:forged",
    }[drawn_for]
    client = admin_client_for(super_admin, acting_for=acme.business)
    with acme.scope():
        employee = EmployeeFactory(full_name="Old Name")
    body = {
        FORM_BUSINESS_FIELD: token,
        "full_name": "Typed Name",
        "_selected_action": [employee.pk],
    }
    for path in (
        f"{EMPLOYEES}add/",
        f"{EMPLOYEES}{employee.pk}/change/",
        f"{EMPLOYEES}{employee.pk}/deactivate/",
        f"{EMPLOYEES}{employee.pk}/delete/",
        EMPLOYEES,
        "/admin/workcards/workcard/upload/",
    ):
        response = client.post(path, {**body, "action": "deactivate", "index": 0})
        assert response.status_code == 409, path
        assert "Typed Name" in response.content.decode()
    assert kinds(acme.id) == []
    with acme.scope():
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("is_acting", [True, False])
def test_what_was_typed_is_kept_also_where_its_row_is_not_or_may_not_be_changed(
    acme: Personas, globex: Personas, super_admin: User, is_acting: bool
) -> None:
    """The response is the same for any id, so it does not reveal that a row exists."""
    acting = {"acting_for": acme.business} if is_acting else {}
    client = admin_client_for(super_admin, **acting)
    with globex.scope():
        employee = EmployeeFactory()
    for path in (
        f"{EMPLOYEES}{employee.pk}/change/",
        f"{EMPLOYEES}{uuid.uuid4()}/change/",
        f"/admin/workcards/workcard/{uuid.uuid4()}/change/",
    ):
        typed = {"full_name": "Typed Name"}
        response = client.post(path, {FORM_BUSINESS_FIELD: seal_of(globex.id), **typed})
        assert response.status_code == 409
        # A card's form has no such field, so the page shows its name in words.
        typed_row = '<th scope="row">Full name</th><td><bdi>Typed Name</bdi></td>'
        assert typed_row in response.content.decode()
        # The current business has no form for this row to continue with.
        assert f'href="{path}"' not in response.content.decode()
        assert client.send(path, typed).status_code in (403, 404)
    assert kinds(acme.id) == []


def test_a_form_of_this_business_goes_on_under_another_sign_in(acme: Personas) -> None:
    """The form token names the business, not the user.

    So an open form is saved after a new sign-in.
    """
    token = seal_of(acme.id)
    client = admin_client_for(acme.reviewer)
    body = {FORM_BUSINESS_FIELD: token, "full_name": "Typed Name"}
    assert client.post(f"{EMPLOYEES}add/", body).status_code == 302


# The user's language


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_everybody_chooses_the_language_they_are_spoken_to_in(
    acme: Personas, role: str
) -> None:
    client = admin_client_for(acme.user(role))
    back = f"{EMPLOYEES}?q=x"
    page = client.get(back).content.decode()
    assert f'action="{LANGUAGE}"' in page
    assert 'name="language" value="he"' in page
    assert 'name="language" value="en"' not in page
    response = client.post(LANGUAGE, {"language": "he", "next": back})
    assert (response.status_code, response["Location"]) == (302, back)
    assert '<html lang="he" dir="rtl">' in client.get(back).content.decode()
    assert kinds(acme.id) == ["user_updated"]
    # Choosing the same language again records no event.
    client.post(LANGUAGE, {"language": "he"})
    assert kinds(acme.id) == ["user_updated"]
    other = admin_client_for(acme.reviewer).get(HOME).content.decode()
    assert '<html lang="en"' in other


def test_who_acts_for_a_business_keeps_their_language(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin, acting_for=acme.business)
    client.post(LANGUAGE, {"language": "he"})
    assert '<html lang="he"' in client.get(HOME).content.decode()
    # The choice is personal, so the business's audit trail has no event.
    assert kinds(acme.id) == []
    assert kinds(PLATFORM_ID) == ["user_updated"]


@pytest.mark.parametrize("language", ["fr", "", None])
def test_a_language_that_is_not_spoken_is_refused(
    acme: Personas, language: str | None
) -> None:
    client = admin_client_for(acme.admin)
    body = {} if language is None else {"language": language}
    assert client.post(LANGUAGE, body).status_code == 400
    assert client.get(LANGUAGE).status_code == 405
    assert kinds(acme.id) == []
