"""The script that creates `.venv`: rejected hashes, and installed lock files."""

import sys
import zipfile
from pathlib import Path

import pytest

from devtools import environment

METADATA = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
WHEEL = (
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
)
LOCK = "sample.lock"


@pytest.fixture(autouse=True)
def clone(tmp_path, monkeypatch):
    """Change to an empty clone whose `.venv` uses the Python of the test; pip has no package index."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    Path(environment.VENV).mkdir()


@pytest.fixture
def wheel(tmp_path):
    """Return the path of a wheel named sample."""
    path = tmp_path / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sample-1.0.dist-info/METADATA", METADATA)
        archive.writestr("sample-1.0.dist-info/WHEEL", WHEEL)
        archive.writestr("sample-1.0.dist-info/RECORD", "")
    return path


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("sample @ {url} --hash=sha256:" + "0" * 64, "DO NOT MATCH THE HASHES"),
        ("sample @ {url}", "Hashes are required"),
        ("sample==1.0 --hash=sha256:" + "0" * 64, "No matching distribution"),
    ],
)
def test_a_package_that_the_lock_file_does_not_allow_is_not_installed(
    wheel, capfd, line, problem
):
    Path(LOCK).write_text(line.format(url=wheel.as_uri()))
    with pytest.raises(SystemExit, match=r"Cannot install sample\.lock"):
        environment.install(LOCK)
    assert problem in capfd.readouterr().err
    assert problem in environment.NOT_INSTALLED
    assert not Path(environment.VENV, f"{LOCK}.installed").exists()


def test_an_installed_lock_file_is_not_installed_again_until_it_changes(monkeypatch):
    calls = []
    monkeypatch.setattr(
        environment.subprocess, "call", lambda command: calls.append(command) or 0
    )
    Path(LOCK).write_text("# nothing\n")
    environment.install(LOCK)
    environment.install(LOCK)
    assert [call[-3:] for call in calls] == [["--require-hashes", "-r", LOCK]]

    Path(LOCK).write_text("# something\n")
    environment.install(LOCK)
    assert len(calls) == 2


def test_an_old_python_is_told_which_one_to_install(monkeypatch):
    monkeypatch.setattr(environment, "OLDEST", (99, 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer.*make PYTHON="):
        environment.main([LOCK])
