"""A group of processes that end together, for `manage.py quickstart`."""

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
STOP_TIMEOUT = 10.0  # the time limit for a stop, in seconds
POLL_INTERVAL = 0.2  # seconds between two checks of the processes
SET_PARENT_DEATH_SIGNAL = 1  # <sys/prctl.h>


class Interrupted(Exception):
    """A request to stop: Ctrl-C, SIGTERM, or a closed terminal."""


class ProcessExited(Exception):
    """The unexpected end of a process of the group."""


class ProcessGroup:
    """A group of named processes.

    Leaving the `with` block ends the remaining processes and their children.
    """

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], *, pass_fds: Sequence[int] = ()
    ) -> None:
        """Start a process in its own session.

        Ctrl-C then reaches only this process, which controls the order of stops.
        """
        self._processes[name] = subprocess.Popen(  # noqa: S603 -- our own command line
            command,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 -- we have no threads
        )

    def check(self) -> None:
        """Raise `ProcessExited` if a process has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                how = (
                    f"signal {-process.returncode}"
                    if process.returncode < 0
                    else f"exit code {process.returncode}"
                )
                raise ProcessExited(f"The {name} has ended ({how}).")

    def wait(self) -> None:
        """Wait until a process has ended, which raises `ProcessExited`."""
        while True:
            self.check()
            time.sleep(POLL_INTERVAL)

    def stop(self) -> None:
        """Request all processes to end, then kill those that remain."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in self._processes.values():
            # A second Ctrl-C ends the wait.
            with contextlib.suppress(subprocess.TimeoutExpired, Interrupted):
                process.wait(max(deadline - time.monotonic(), 0))
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()


@contextlib.contextmanager
def interrupt_on_signals() -> Iterator[None]:
    """Convert the signals that request a stop to `Interrupted`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def bind_free_port(port: int, *, tries: int = 100) -> socket.socket:
    """Return a socket that listens on 127.0.0.1 only, on `port` or the next free port.

    The server gets the socket and not the number, so that two concurrent starts cannot get the same port.
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
    """End this process when its parent is killed without a chance to clean up.

    Works on Linux only; on other systems the process would keep running.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
