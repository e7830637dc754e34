"""Where a browser is required, a browser test fails without one."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

# Any file with one browser test. It fails before a database or a browser starts.
FILE = "tests/test_list_search_browser.py"


def test_where_a_browser_is_required_a_test_without_one_fails(tmp_path: Path) -> None:
    # The PATH is empty, so chromium is not found on any machine.
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", FILE],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "PATH": str(tmp_path),
            "AUTOMATEHQ_REQUIRE_BROWSER": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "AUTOMATEHQ_REQUIRE_BROWSER=1 forbids" in run.stdout, run.stdout
    assert "chromium is not installed" in run.stdout
    assert run.returncode == 1
