"""Whether this process lives, and whether it can serve: for supervisors and proxies."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .readiness import find_media_problem, find_static_problem


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers; says nothing about the database."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when this process can serve requests, else 503 with what is missing.

    Checks the database, its migrations, the manifest of static files, and write access to MEDIA_ROOT. The answer is public:
    it names no path and no address.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _Migrations.are_applied():
            return JsonResponse({"status": "migrations are missing"}, status=503)
    except Error:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    if find_static_problem():
        return JsonResponse({"status": "static files are missing"}, status=503)
    if find_media_problem():
        return JsonResponse({"status": "files cannot be written"}, status=503)
    return JsonResponse({"status": "ready"})


class _Migrations:
    """Remembers that all were applied: this code will not bring new ones."""

    _were_applied = False

    @classmethod
    def are_applied(cls) -> bool:
        if not cls._were_applied:
            executor = MigrationExecutor(connection)
            targets = executor.loader.graph.leaf_nodes()
            cls._were_applied = not executor.migration_plan(targets)
        return cls._were_applied
