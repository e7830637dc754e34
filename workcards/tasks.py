"""Background tasks of work cards."""

from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from automatehq.api.errors import Missing
from automatehq.job_queue import Priority, fail_dead_tasks
from businesses.tenancy.context import business_scope

from .models import WorkCardFile
from .scans.storage import read_stored_display, render_display, store_display

# A page takes seconds, so the worker of a longer task has died.
LEASE = timedelta(minutes=5)


@task(priority=Priority.BACKGROUND)
def make_renditions(*, business_id: str, file_id: str, page: int = 1) -> None:
    """Make the display rendition of `page`, then queue the next page of the scan.

    Each page is a task, so that a long scan occupies a worker for seconds only. A rendition that is missing when the
    page is opened is made at that moment. So a lost or failed task costs the viewer only that time.
    """
    with business_scope(business_id):
        file = WorkCardFile.objects.filter(pk=file_id).first()
        if file is None or page > file.page_count:
            return  # deleted before the task started
        is_stored = read_stored_display(file, page) is not None
    rendition = None
    if not is_stored:
        try:
            # Outside the scope, because rendering takes seconds and must not keep a transaction open.
            rendition = render_display(file, page)
        except Missing:
            return  # the card's page shows the error
    with business_scope(business_id):
        if rendition is not None:
            store_display(file, page, rendition)
        if page < file.page_count:
            make_renditions.enqueue(
                business_id=business_id, file_id=file_id, page=page + 1
            )


def fail_dead_renditions() -> int:
    """Mark rendition tasks whose worker died as failed; return their number.

    Their pages are rendered when they are opened.
    """
    return fail_dead_tasks(
        make_renditions.module_path, started_before=timezone.now() - LEASE
    )
