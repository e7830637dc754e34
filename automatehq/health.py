"""Health endpoints for supervisors and proxies: liveness and readiness."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .api.errors import Unavailable
from .readiness import find_media_problem, find_static_problem


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 while the process responds; does not check the database."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 when this process can serve requests, else 503 with the problems.

    Checks the database, its migrations, the manifest of static files, and write access to MEDIA_ROOT. The response is
    public, so it contains no path and no address.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _Migrations.are_applied():
            return _not_ready("migrations are missing")
    except Error:
        return _not_ready("the database is not available")
    if find_static_problem():
        return _not_ready("static files are missing")
    if find_media_problem():
        return _not_ready("files cannot be written")
    return JsonResponse({"status": "ready"})


def _not_ready(status: str) -> JsonResponse:
    headers = {"Retry-After": str(Unavailable.wait)}
    return JsonResponse({"status": status}, status=503, headers=headers)


class _Migrations:
    """A cached check that all migrations are applied: running code brings no new ones."""

    _were_applied = False

    @classmethod
    def are_applied(cls) -> bool:
        if not cls._were_applied:
            executor = MigrationExecutor(connection)
            targets = executor.loader.graph.leaf_nodes()
            cls._were_applied = not executor.migration_plan(targets)
        return cls._were_applied
