"""Comparison of docs/administrators.md with the code: permissions, transitions."""

from accounts.roles import ROLE_PERMISSIONS, Role
from tests.markdown_docs import ROOT, own_code, quoted, section, tables
from workcards.transitions import TRANSITIONS, ReviewStatus, status_after

DOCUMENT = "docs/administrators.md"


def rights_asked_for() -> set[str]:
    """Return the permissions of the table that any code checks."""
    code = [
        file.read_text()
        for file in own_code()
        if file != ROOT / "accounts" / "roles.py"
    ]
    return {
        right
        for right in ROLE_PERMISSIONS
        if any(f'"{right}"' in text for text in code)
    }


def test_the_table_of_roles_is_that_of_the_code() -> None:
    head, *_ = [
        line
        for line in section(DOCUMENT, "Roles").splitlines()
        if line.startswith("| you can")
    ]
    roles = [Role(cell.strip()) for cell in head.split("|")[2:-2]]
    documented = {}
    for _, *marks, right in tables(section(DOCUMENT, "Roles"))[0]:
        assert set(marks) <= {"●", "–"}
        documented[quoted(right)[0]] = {
            role for role, mark in zip(roles, marks, strict=True) if mark == "●"
        }
    assert set(roles) == set(Role)
    assert documented == {
        right: ROLE_PERMISSIONS[right] for right in rights_asked_for()
    }


def test_the_table_of_statuses_is_that_of_the_code() -> None:
    labels = {str(status.label): status for status in ReviewStatus}
    documented = {
        (labels[start], status)
        for start, ends, _ in tables(section(DOCUMENT, "Card statuses"))[0]
        for label, status in labels.items()
        if label in ends
    }
    moves = {
        (start, status_after(start, verb, has_employee=has_employee))
        for start, verb in TRANSITIONS
        for has_employee in (True, False)
        # An unassigned card was never approved.
        if has_employee or start is not ReviewStatus.APPROVED
    }
    assert documented == {(start, end) for start, end in moves if start != end}
