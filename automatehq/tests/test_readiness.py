"""Local files that a process needs: settings, static files, the folder of scans."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client

from automatehq import readiness
from automatehq.env import read_env_file
from businesses.tests.clusters import in_process, manage

from .test_settings import PRODUCTION, URL

MANIFEST = '{"version": "1.1", "paths": {}, "hash": ""}'


@pytest.fixture
def static_root(tmp_path: Path, settings: Any) -> Path:
    """Return an empty folder for static files, with the storage of production."""
    folder = tmp_path / "static"
    folder.mkdir()
    settings.STATIC_ROOT = str(folder)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        },
    }
    return folder


@pytest.fixture
def unwritable_media(tmp_path: Path, settings: Any) -> Path:
    """Return a MEDIA_ROOT below a file, in which even root cannot create a file."""
    (tmp_path / "media").write_text("not a folder")
    settings.MEDIA_ROOT = str(tmp_path / "media" / "scans")
    return Path(settings.MEDIA_ROOT)


# Static files


def test_a_missing_manifest_is_a_problem_until_files_are_collected(
    static_root: Path,
) -> None:
    problem = readiness.find_static_problem()
    assert problem is not None
    assert str(static_root) in problem
    assert "collectstatic" in problem
    (static_root / "staticfiles.json").write_text(MANIFEST)
    assert readiness.find_static_problem() is None


def test_readyz_is_503_without_a_manifest_and_names_no_path(
    client: Client, db: None, static_root: Path
) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "static files are missing"}
    (static_root / "staticfiles.json").write_text(MANIFEST)
    assert client.get("/readyz").status_code == 200


# MEDIA_ROOT


def test_readyz_is_503_when_media_cannot_be_written_and_names_no_path(
    client: Client, db: None, unwritable_media: Path
) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "files cannot be written"}
    assert response["Retry-After"] == "5"


def test_the_check_leaves_no_file_behind(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    assert readiness.find_media_problem() is None
    assert list((tmp_path / "media").iterdir()) == []


@pytest.mark.parametrize(
    "start", [["-c", "import automatehq.wsgi"], ["manage.py", "db_worker"]]
)
def test_neither_web_process_nor_worker_starts_when_media_cannot_be_written(
    start: list[str], tmp_path: Path
) -> None:
    (tmp_path / "media").write_text("not a folder")
    done = in_process(
        *start,
        url=URL,
        **PRODUCTION,
        MEDIA_ROOT=str(tmp_path / "media" / "scans"),
    )
    assert done.code == 1
    assert "MEDIA_ROOT" in done.printed
    assert "cannot be written" in done.printed


def test_the_web_process_does_not_start_without_a_manifest(tmp_path: Path) -> None:
    done = in_process(
        "-c",
        "import automatehq.wsgi",
        url=URL,
        **PRODUCTION,
        MEDIA_ROOT=str(tmp_path),
        STATIC_ROOT=str(tmp_path / "static"),
    )
    assert done.code == 1
    assert "collectstatic" in done.printed


def test_all_problems_are_named_at_once(
    static_root: Path, unwritable_media: Path
) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        readiness.require_usable_files(readiness.WEB_CHECKS)
    assert "manifest" in str(raised.value)
    assert "MEDIA_ROOT" in str(raised.value)


# ENV_FILE


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        ("folder", "Is a directory"),
        (b"SECRET_KEY=\xff\xfe", "the file is not UTF-8 text"),
    ],
)
def test_an_env_file_that_cannot_be_read_stops_the_start_and_is_named(
    tmp_path: Path, content: bytes | str | None, problem: str
) -> None:
    path = tmp_path / "automatehq.env"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    done = in_process(
        "-c",
        "import automatehq.settings",
        url=URL,
        **PRODUCTION,
        ENV_FILE=str(path),
    )
    assert done.code == 1
    last = done.printed.strip().splitlines()[-1]
    assert f"ENV_FILE ({path}) cannot be read: {problem}." in last


def test_the_default_env_file_may_be_absent(tmp_path: Path) -> None:
    read_env_file(named="", default=tmp_path / ".env")


def test_the_environment_takes_precedence_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("FIRST_OF_TWO=file\nSECOND_OF_TWO=file\n")
    monkeypatch.setenv("FIRST_OF_TWO", "environment")
    monkeypatch.delenv("SECOND_OF_TWO", raising=False)
    read_env_file(named="", default=tmp_path / ".env")
    assert os.environ["FIRST_OF_TWO"] == "environment"
    assert os.environ.pop("SECOND_OF_TWO") == "file"


# wait_for_database


def test_waiting_ends_at_once_when_the_database_answers(db: None) -> None:
    call_command("wait_for_database", timeout=0)


def test_waiting_ends_with_a_sentence_when_the_database_stays_away() -> None:
    done = manage("wait_for_database", "--timeout", "2", url=URL)
    assert done.code == 1
    assert "Waiting for the database." in done.printed
    assert "did not accept a connection within 2 seconds" in done.printed
    assert "Traceback" not in done.printed


def test_the_settings_name_where_static_files_are_collected() -> None:
    assert Path(django_settings.STATIC_ROOT).name == "static-root"
