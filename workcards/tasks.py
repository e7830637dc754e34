"""Work that nobody waits for."""

from django_tasks import task

from automatehq.rest.errors import Missing
from businesses.tenancy.context import business_scope

from .models import WorkCardFile
from .scans import read_display


@task()
def make_renditions(*, business_id: str, file_id: str) -> None:
    """Make the display rendition of each page of a scan, so that the first to look at it need not wait."""
    with business_scope(business_id):
        file = WorkCardFile.objects.filter(pk=file_id).first()
    if file is None:
        return  # deleted before the job came to it
    for page in range(1, file.page_count + 1):
        with business_scope(business_id):
            try:
                read_display(file, page)
            except Missing:
                return  # whoever looks at the card is told why
