"""Slots for concurrent requests with costly work, by user, business and server.

A slot is an advisory lock on a file in a temporary folder of this server. It needs no database connection and no
transaction. All processes of a server share the slots, and the end of a process releases its slots. Each database has
its own folder. Each server counts only its own requests: the slots protect its threads and processors.
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
from typing import Literal

from django.db import connection

LimitName = Literal["person", "business", "server"]

_POLL_SECONDS = 0.05


class NoFreeSlot(Exception):
    """An error: all slots are taken. `limit` names the limit: user, business or server."""

    def __init__(self, limit: LimitName) -> None:
        super().__init__(limit)
        self.limit: LimitName = limit


@dataclass(frozen=True)
class Limits:
    """The maximum numbers of concurrent requests of a kind on a server.

    A request waits up to `seconds` for a slot of its business or of the server. It occupies a thread while it waits,
    so the number of waiting requests is limited too.
    """

    kind: str
    person: int
    business: int
    server: int
    waiting_business: int = 1
    waiting_server: int = 2
    seconds: float = 5.0

    def enter(
        self, stack: ExitStack, *, person_id: object, business_id: object
    ) -> None:
        """Take the slots until `stack` is closed. Raises `NoFreeSlot`, immediately or after `seconds`.

        Without a `person_id` (a command or a task) the limit per user does not apply.
        """
        business = f"{self.kind} business {business_id}"
        server = f"{self.kind} server"
        with ExitStack() as acquired:
            if person_id is not None:
                person = f"{self.kind} person {person_id}"
                if not acquire_file_slot(acquired, person, self.person):
                    raise NoFreeSlot("person")
            full = self._acquire_both(acquired, business, server)
            if full:
                with ExitStack() as waiting:
                    if not acquire_file_slot(
                        waiting, f"{business} waiting", self.waiting_business
                    ):
                        raise NoFreeSlot("business")
                    if not acquire_file_slot(
                        waiting, f"{server} waiting", self.waiting_server
                    ):
                        raise NoFreeSlot("server")
                    deadline = time.monotonic() + self.seconds
                    while full:
                        if time.monotonic() > deadline:
                            raise NoFreeSlot(full)
                        time.sleep(_POLL_SECONDS)
                        full = self._acquire_both(acquired, business, server)
            stack.enter_context(acquired.pop_all())

    def _acquire_both(
        self, acquired: ExitStack, business: str, server: str
    ) -> Literal["business", "server"] | None:
        """Take a slot of the business and of the server, or none; return the full limit."""
        with ExitStack() as both:
            if not acquire_file_slot(both, business, self.business):
                return "business"
            if not acquire_file_slot(both, server, self.server):
                return "server"
            acquired.enter_context(both.pop_all())
        return None


def acquire_file_slot(stack: ExitStack, name: str, slots: int) -> bool:
    """Take a slot of this name until `stack` is closed; return False if all are taken."""
    stem = _digest(name)
    for number in range(slots):
        path = _folder() / f"{stem}-{number}"
        descriptor = _lock(path)
        if descriptor is not None:
            stack.callback(_release, path, descriptor)
            return True
    return False


def _lock(path: Path) -> int | None:
    """Create and lock a file; return None if another request has locked it."""
    flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        # The previous holder may have deleted the file between the two calls.
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _release(path: Path, descriptor: int) -> None:
    path.unlink()
    os.close(descriptor)


def _folder() -> Path:
    """Return the folder of this database's slots.

    Raises: `OSError` if another user of the system owns it.
    """
    database = connection.settings_dict
    name = _digest(f"{database['HOST']} {database['PORT']} {database['NAME']}")[:16]
    folder = Path(tempfile.gettempdir()) / f"automatehq-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise OSError(f"{folder} is not a folder of this user.")
    return folder


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
