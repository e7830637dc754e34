"""Whether this process lives, and whether it can serve: for supervisors and proxies."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers; says nothing about the database."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and every migration is applied, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _Migrations.are_applied():
            return JsonResponse({"status": "migrations are missing"}, status=503)
    except Error:
        return JsonResponse({"status": "the database does not answer"}, status=503)
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
