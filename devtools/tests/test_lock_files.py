"""Lock files: pinned versions within the ranges, hashes, no package index."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(settings.BASE_DIR)
RENEW = "run `make lock` and commit the lock files"
PIN = re.compile(
    r"^([a-z0-9-]+)==([^ \\]+)(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$",
    re.MULTILINE,
)


def read_ranges(name: str) -> list[Requirement]:
    """Return the requirements in the file `name` and in the files that it includes."""
    ranges = []
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            ranges += read_ranges(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            ranges.append(Requirement(line))
    return ranges


def read_pins(name: str) -> dict[str, str]:
    """Return the version of each package in the lock file `name`."""
    return {
        package: version
        for package, version, _ in PIN.findall((ROOT / name).read_text())
    }


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_lock_file_pins_a_version_within_each_range(name):
    pins = read_pins(f"{name}.lock")
    ranges = read_ranges(f"{name}.txt")
    assert len(ranges) > 20
    for required in ranges:
        pinned = pins.get(canonicalize_name(required.name))
        assert pinned, f"{required.name} is missing in {name}.lock: {RENEW}"
        assert required.specifier.contains(pinned), (
            f"{name}.lock has {required.name} {pinned}: {RENEW}"
        )


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_of_a_lock_file_is_a_pin_with_hashes_or_a_comment(name):
    rest = PIN.sub("", (ROOT / name).read_text())
    assert [
        line for line in rest.splitlines() if line and not line.lstrip().startswith("#")
    ] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_file_names_no_package_index(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


def test_both_lock_files_pin_the_same_versions():
    development = read_pins("requirements-dev.lock")
    runtime = read_pins("requirements.lock")
    assert runtime
    assert runtime.items() <= development.items(), RENEW
