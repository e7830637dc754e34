"""Processes that live and die together, for `manage.py quickstart`."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 10.0  # seconds to end in
GLANCE = 0.2  # seconds between two looks at whether all live
SET_PARENT_DEATH_SIGNAL = 1  # <sys/prctl.h>


class Stopped(Exception):
    """Somebody wants an end: Ctrl-C, SIGTERM, or the terminal is gone."""


class ProcessExited(Exception):
    """One has ended that should not have."""


class ProcessGroup:
    """Named processes. Leaving the `with` block ends all that are left, and what they have started themselves."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], *, pass_fds: Sequence[int] = ()
    ) -> None:
        """Start one in a session of its own: Ctrl-C then reaches us alone, and the order of ending is ours."""
        self._processes[name] = subprocess.Popen(  # noqa: S603 -- our own command line
            command,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 -- we have no threads
        )

    def check(self) -> None:
        """Raise `ProcessExited` if one has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                how = (
                    f"signal {-process.returncode}"
                    if process.returncode < 0
                    else f"exit code {process.returncode}"
                )
                raise ProcessExited(f"The {name} has ended ({how}).")

    def watch(self) -> None:
        """Wait until one has ended, which raises `ProcessExited`."""
        while True:
            self.check()
            time.sleep(GLANCE)

    def stop(self) -> None:
        """Ask all to end, then make them."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in self._processes.values():
            # A second Ctrl-C: no more patience.
            with contextlib.suppress(subprocess.TimeoutExpired, Stopped):
                process.wait(max(deadline - time.monotonic(), 0))
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn the signals that ask for an end into `Stopped`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(port: int, *, tries: int = 100) -> socket.socket:
    """A socket that listens on 127.0.0.1 alone, on `port` or the next one that nobody has.

    Whoever serves gets the socket and not the number: two who start at once can't both be given the same one.
    """
    for candidate in range(port, port + tries):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
            listener.listen(128)
        except OSError:
            listener.close()
        else:
            return listener
    raise OSError(
        f"No port of 127.0.0.1 from {port} to {port + tries - 1} is to be had."
    )


def _end_with_parent() -> None:
    """Even when we are killed in a way that lets us do nothing any more. Linux only; elsewhere they would live on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
