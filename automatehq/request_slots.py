"""Places on this server that requests hold while they do costly work, counted by user, business and server.

A place is an advisory lock on a file in a folder of this server's temporary files. It needs no database connection and
no transaction, holds across the processes of a server, and is free again when its process ends in any way. Each
database has a folder of its own. A server counts its own requests: the places protect its threads and processors.
"""

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.db import connection

Whose = Literal["person", "business", "server"]

_POLL_SECONDS = 0.05


class NoPlace(Exception):
    """All places are taken; `whose` says which limit was met."""

    def __init__(self, whose: Whose) -> None:
        super().__init__(whose)
        self.whose: Whose = whose


@dataclass(frozen=True)
class Limits:
    """The number of requests of one kind that a server works on at the same time.

    A request that finds the places of its business or of the server taken waits `seconds` for one. It holds a thread
    meanwhile, so the requests that wait are limited too.
    """

    kind: str
    person: int
    business: int
    server: int
    waiting_business: int = 1
    waiting_server: int = 2
    seconds: float = 5.0

    def enter(self, held: ExitStack, *, person_id: Any, business_id: Any) -> None:
        """Take a place until `held` is closed. Raises `NoPlace`, at once or after `seconds`.

        Without a `person_id` (a command or a task) the limit by user does not apply.
        """
        business = f"{self.kind} business {business_id}"
        server = f"{self.kind} server"
        with ExitStack() as taken:
            if person_id is not None:
                person = f"{self.kind} person {person_id}"
                if not take(taken, person, self.person):
                    raise NoPlace("person")
            full = self._take_both(taken, business, server)
            if full:
                with ExitStack() as waiting:
                    if not take(waiting, f"{business} waiting", self.waiting_business):
                        raise NoPlace("business")
                    if not take(waiting, f"{server} waiting", self.waiting_server):
                        raise NoPlace("server")
                    deadline = time.monotonic() + self.seconds
                    while full:
                        if time.monotonic() > deadline:
                            raise NoPlace(full)
                        time.sleep(_POLL_SECONDS)
                        full = self._take_both(taken, business, server)
            held.enter_context(taken.pop_all())

    def _take_both(
        self, taken: ExitStack, business: str, server: str
    ) -> Literal["business", "server"] | None:
        """Take a place of the business and one of the server, or neither; return the one that is full."""
        with ExitStack() as both:
            if not take(both, business, self.business):
                return "business"
            if not take(both, server, self.server):
                return "server"
            taken.enter_context(both.pop_all())
        return None


def take(held: ExitStack, name: str, places: int) -> bool:
    """Take one of the places of this name until `held` is closed; False if all are taken."""
    stem = _digest(name)
    for number in range(places):
        path = _folder() / f"{stem}-{number}"
        descriptor = _lock(path)
        if descriptor is not None:
            held.callback(_release, path, descriptor)
            return True
    return False


def _lock(path: Path) -> int | None:
    """Lock a file that this makes; None if another request has it locked."""
    flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        # The request that had it may have deleted it between the two calls.
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _release(path: Path, descriptor: int) -> None:
    path.unlink()
    os.close(descriptor)


def _folder() -> Path:
    """Return the folder of this database's places. Raises `OSError` if another user of the system owns it."""
    database = connection.settings_dict
    name = _digest(f"{database['HOST']} {database['PORT']} {database['NAME']}")[:16]
    folder = Path(tempfile.gettempdir()) / f"automatehq-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OSError(f"{folder} is not a folder of this user.")
    return folder


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
