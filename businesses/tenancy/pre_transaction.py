"""Work that a request does before its transaction, such as reading an uploaded file.

Reading a file takes seconds and needs no database. A view runs inside the request's
scope. When it calls `before_scope(work)`, the view ends, its transaction is rolled
back, and `work` runs without a transaction. Then the request starts again in a new
scope. The user and the permissions are read again, and the same call returns the result
of `work`. A file is therefore read for permitted requests only. Meanwhile the request
holds no row, lock or snapshot.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils import translation

Work = Callable[[ExitStack], Any]
Result = TypeVar("Result")


@dataclass
class _Result:
    """The value that the work returned, or the exception that it raised."""

    value: Any = None
    error: Exception | None = None


@dataclass
class PreTransactionWork:
    """The results of a request's work, in the order of its calls."""

    exit_stack: ExitStack
    results: list[_Result] = field(default_factory=list)
    position: int = 0

    def run(self, postponed: "Postponed") -> None:
        """Run the work in the user's language and store its result."""
        with translation.override(postponed.language):
            try:
                result = _Result(postponed.work(self.exit_stack))
            except Exception as error:  # noqa: BLE001 -- raised again inside the scope
                result = _Result(error=error)
        self.results.append(result)

    def next(self, work: Callable[[ExitStack], Result]) -> Result:
        """Return the next result. Raises `Postponed` if there is none yet."""
        if self.position == len(self.results):
            raise Postponed(work)
        result = self.results[self.position]
        self.position += 1
        if result.error is not None:
            raise result.error
        value: Result = result.value
        return value


class Postponed(BaseException):
    """The exception that ends a view so that its work can run before the transaction.

    It is a BaseException, because every handler between the view and the middleware
    turns an Exception into a response.
    """

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.work = work
        self.language = translation.get_language()


current: ContextVar[PreTransactionWork | None] = ContextVar(
    "automatehq_beforehand", default=None
)


@contextmanager
def results_given(*values: Any) -> Iterator[None]:
    """Let the calls of `before_scope` in the block return these values, in order, for work that is done already."""
    with ExitStack() as exit_stack:
        results = [_Result(value) for value in values]
        token = current.set(PreTransactionWork(exit_stack, results))
        try:
            yield
        finally:
            current.reset(token)


def before_scope(work: Callable[[ExitStack], Result]) -> Result:
    """Run `work` before the request's transaction and return its result.

    Exceptions of `work` are raised here. `work` takes an `ExitStack` that is closed
    after the response, for resources that are needed until then. A view that calls this
    function several times must use the same order each time. It must have no effect
    outside the database before the call. Without a request `work` runs immediately.
    """
    current_work = current.get()
    if current_work is None:
        with ExitStack() as exit_stack:
            return work(exit_stack)
    return current_work.next(work)
