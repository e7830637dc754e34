"""Every route, in one table.

A line is path, view, name and, for a viewset, which method does what. Fixed words stand
before `<id:pk>`. Tests walk the table: a route without its row there fails.
"""

from typing import Final

from automatehq import health
from automatehq.rest.docs import SchemaView, docs
from automatehq.rest.routes import LIST, READ_ITEM, Route, Table, get, patterns
from exports.views import ExportRunViewSet

# Under /api, without a trailing slash.
API: Final[Table] = {
    "automatehq": [
        Route("schema", SchemaView, "schema"),
        Route("docs", docs, "docs"),
    ],
    "exports": [
        Route("export_runs", ExportRunViewSet, "export-runs", LIST),
        Route("export_runs/<id:pk>", ExportRunViewSet, "export-run", READ_ITEM),
        Route(
            "export_runs/<id:pk>/file", ExportRunViewSet, "export-run-file", get("file")
        ),
    ],
}

ELSEWHERE: Final[Table] = {
    "automatehq": [
        Route("healthz", health.healthz, "healthz"),
        Route("readyz", health.readyz, "readyz"),
    ],
}

urlpatterns = [*patterns(API, prefix="api/"), *patterns(ELSEWHERE)]

handler400 = "automatehq.rest.handlers.bad_request"
handler403 = "automatehq.rest.handlers.permission_denied"
handler404 = "automatehq.rest.handlers.page_not_found"
handler500 = "automatehq.rest.handlers.server_error"
