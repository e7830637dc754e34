"""What a row of an employee file becomes."""

import pytest

from accounts.tests.clients import client_of
from accounts.tests.personas import Personas
from workforce.models import Employee, Site

from .files import HEADER, as_csv, as_xlsx, imported, preview

pytestmark = pytest.mark.django_db


def test_what_is_imported_and_exported_again_is_unchanged(
    acme: Personas, site: Site, john: Employee
) -> None:
    data = as_csv(
        HEADER,
        ("AB-123 456", "", "John Example", ""),
        ("X12345", "9", "New One", "harbour"),
    )
    client = client_of(acme.reviewer)
    answer = preview(client, data)
    assert answer.status_code == 200
    done = imported(client, data)
    assert done.status_code == 200, done.content
    data = as_xlsx(
        HEADER,
        ("AB-123 456", 1, "John Exampler", ""),
        ("X12345", "9", "New One", "harbour"),
    )
    for kind in "csv", "xlsx":
        out = client.get(f"/api/employees/export?type={kind}")
        assert out.status_code == 200, out.content
        back = preview(client, out.content).json()
        assert back["summary"]["unchanged"] == 2
