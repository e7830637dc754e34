"""Logging in JSON: a line per event, with the id of the request."""

from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from .middleware.request_id import current_request_id


def _with_request(
    logger: WrappedLogger, method_name: str, event: EventDict
) -> EventDict:
    """Add the request's id; replace the request by its method and path.

    The query string is left out, because filters contain passport numbers.
    """
    if request_id := current_request_id():
        event["request_id"] = request_id
    request = event.pop("request", None)
    if request is not None and hasattr(request, "path"):
        event["method"], event["path"] = request.method, request.path
    return event


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """A formatter of all records of the standard library's logging, including `extra`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(
                    sort_keys=True, default=repr, ensure_ascii=False
                ),
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ExtraAdder(),
                _with_request,
                structlog.processors.format_exc_info,
            ],
            **kwargs,
        )
