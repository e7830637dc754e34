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

STOP_TIMEOUT = 10.0  # seconds
SET_PARENT_DEATH_SIGNAL = 1  # <sys/prctl.h>


class Interrupted(Exception):
    """A request to stop: Ctrl-C, SIGTERM, or a closed terminal."""


class ProcessExited(Exception):
    """The unexpected end of a process of the group."""


class ProcessGroup(contextlib.ExitStack):
    """A group of named processes.

    Leaving the `with` block ends the processes and their children, the newest first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, command: Sequence[str], *, pass_fds: Sequence[int] = ()
    ) -> None:
        """Start a process in a session of its own: Ctrl-C reaches only this process, which stops the others."""
        process = subprocess.Popen(  # noqa: S603 -- our own command line
            command,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 -- we have no threads
        )
        self._processes[name] = process
        self.callback(_stop, process)

    def check(self) -> None:
        """Raise `ProcessExited` if a process has ended."""
        for name, process in self._processes.items():
            if (code := process.poll()) is not None:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                raise ProcessExited(f"The {name} has ended ({how}).")

    def wait(self) -> None:
        """Wait until a process has ended, which raises `ProcessExited`."""
        while True:
            self.check()
            time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Request the process to end, then kill what remains of its session."""
    process.terminate()
    # A second Ctrl-C ends the wait.
    with contextlib.suppress(subprocess.TimeoutExpired, Interrupted):
        process.wait(STOP_TIMEOUT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end_with_parent() -> None:
    """End this process when its parent is killed without a chance to clean up.

    Works on Linux only; on other systems the process would keep running.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


@contextlib.contextmanager
def interrupt_on_signals() -> Iterator[None]:
    """Convert the signals that request a stop to `Interrupted`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in signals}
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
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", candidate), backlog=128)
    raise OSError(
        f"No port of 127.0.0.1 from {port} to {port + tries - 1} is to be had."
    )
