"""Where a browser is required, a test that finds none has failed; elsewhere it is skipped, and says why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

# With nothing else in it: neither a database nor a browser is started.
PROBE = '''
from automatehq.tests.browsers import needs_browser

pytestmark = needs_browser

def test_that_wants_a_browser():
    pass
'''


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """A browser test in the package of the tests' own, so that the harness is the same."""
    file = tmp_path / "test_probe.py"
    file.write_text(PROBE)
    return file


@pytest.mark.parametrize(
    ("required", "failed", "said"),
    [
        ("1", 1, "Skipped, which AUTOMATEHQ_REQUIRE_BROWSER=1 forbids"),
        ("", 0, "chromium is not installed"),
    ],
)
def test_without_a_browser(
    probe: Path, tmp_path: Path, required: str, failed: int, said: str
) -> None:
    # Python alone is on the PATH: whatever the machine has, chromium is not found.
    (tmp_path / "bin").mkdir()
    run = subprocess.run(  # noqa: S603 -- our own command line
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0"),
            *(f"--rootdir={settings.BASE_DIR}", f"--confcutdir={settings.BASE_DIR}"),
            *("-c", "pytest.ini", "-p", "conftest", str(probe)),
        ],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "PATH": str(tmp_path / "bin"),
            "AUTOMATEHQ_REQUIRE_BROWSER": required,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == failed, run.stdout + run.stderr
    assert said in run.stdout
    assert ("1 failed" if failed else "1 skipped") in run.stdout
