"""kill -9 during an upload, in a separate process.

No row is without a file, and no file stays without a row.
"""

import os
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from audit.models import AuditEvent
from tests.process_kill import run_and_kill
from workcards.models import WorkCard, WorkCardFile
from workforce.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db(transaction=True)

# The moments at which the process stops and waits for the kill, with the remaining files.
MOMENTS = {
    "while the bytes are written": (
        "save = default_storage.save\n"
        "def half(name, content, **options):\n"
        "    save(name, ContentFile(content.read(100)), **options)\n"
        "    stuck()\n"
        "default_storage.save = half\n",
        1,
        0,
    ),
    "between the bytes and the row": (
        "WorkCardFile.save = lambda *arguments, **options: stuck()\n",
        1,
        0,
    ),
    "before the commit": (
        "uploads.record_card = lambda *arguments, **options: stuck()\n",
        1,
        0,
    ),
    "after the commit": ("AFTER = stuck\n", 1, 1),
}
SCRIPT = """
import sys, time, pathlib, uuid
import django; django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import User
from businesses.tenancy.context import business_scope
from workcards.models import WorkCardFile
from workcards.services import uploads
from workcards.tests.scan_samples import scan
from workforce.models import Site
marker, business, user, site = sys.argv[1:]
def stuck():
    pathlib.Path(marker).touch()
    time.sleep(60)
AFTER = None
{moment}
with business_scope(uuid.UUID(business)):
    uploads.upload_cards(
        files=[SimpleUploadedFile("card.jpg", scan())],
        site=Site.objects.get(pk=site), actor=User.objects.get(pk=user),
    )
AFTER()
"""


def stored(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_upload_that_is_killed(
    acme: Any, settings: Any, tmp_path: Path, moment: str
) -> None:
    code, files, rows = MOMENTS[moment]
    root = tmp_path / "media"
    settings.MEDIA_ROOT = str(root)
    with acme.scope():
        site = SiteFactory()
    run_and_kill(
        SCRIPT.format(moment=code),
        str(acme.id),
        str(acme.uploader.pk),
        str(site.pk),
        marker=tmp_path / "half-way",
    )
    assert len(stored(root)) == files
    with acme.scope():
        assert WorkCardFile.objects.count() == WorkCard.objects.count() == rows
        assert AuditEvent.objects.filter(event_type="card_uploaded").count() == rows
        for file in WorkCardFile.objects.all():
            assert default_storage.exists(file.original.name)
    # A day later.
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 25 * 60 * 60,) * 2)
    output = StringIO()
    call_command("sweep_files", stdout=output)
    assert f"{files - rows} files removed" in output.getvalue()
    assert len(stored(root)) == rows
