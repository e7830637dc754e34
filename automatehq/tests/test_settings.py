"""A missing or malformed setting stops the start with a message that names it."""

import pytest

from businesses.tests.clusters import in_process

URL = "postgres://automatehq:secret@127.0.0.1:1/automatehq"  # settings do not connect
PRODUCTION = {"DEBUG": "0", "SECRET_KEY": "s" * 50}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "garbage"),
        ("DATABASE_URL", "mysql://a:secret@127.0.0.1/b"),
        ("DATABASE_URL", "postgres://a:sec/ret@127.0.0.1:5432/b"),
        ("TENANCY_PROCESS", "wep"),
        ("TENANCY_PROCESS", "web"),  # the name of the login differs
        ("CONN_MAX_AGE", "long"),
        ("CONN_MAX_AGE", "-1"),
        ("TRUSTED_PROXIES", "-1"),
        ("PASSWORD_HASHES_AT_ONCE", "0"),
        ("IN_USE_A_BUSINESS_AN_HOUR", "0"),
        ("SECURE_SSL_REDIRECT", "yess"),
        ("SECURE_HSTS_SECONDS", "year"),
        ("TIME_ZONE", "Nowhere"),
        ("LANGUAGE_CODE", "xx"),
        ("LOG_LEVEL", "LOUD"),
        ("S3_BUCKET", "cards"),
        ("SENTRY_DSN", "nonsense"),
        ("SENTRY_DSN", "https://sentry.example/1"),
        ("SENTRY_DSN", "https://secret@sentry.example/"),
    ],
)
def test_a_malformed_setting_stops_the_start_and_is_named(
    name: str, value: str
) -> None:
    done = in_process(
        "-c",
        "import automatehq.settings",
        **{"url": URL, **PRODUCTION, name: value},
    )
    assert done.code == 1
    last = done.printed.strip().splitlines()[-1]
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {name}"), (
        done.printed
    )
    assert "sec" not in last
    assert "ret@" not in done.printed


def test_sound_settings_start() -> None:
    done = in_process(
        "-c",
        "import automatehq.settings",
        url=URL,
        **PRODUCTION,
        SECURE_SSL_REDIRECT="off",
        TRUSTED_PROXIES="2",
        LOG_LEVEL="warning",
        LANGUAGE_CODE="he",
    )
    assert done.code == 0, done.printed


def test_a_command_says_it_in_one_sentence() -> None:
    done = in_process("manage.py", "check", url=URL, **{**PRODUCTION, "DEBUG": "maybe"})
    assert done.code == 1
    assert "Traceback" not in done.printed
    assert done.printed.startswith("DEBUG")
