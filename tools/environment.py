"""Make `.venv` hold what the given requirements files ask for: `python3.11 tools/environment.py requirements.txt`.

Does nothing when they are in it already. Runs before anything is installed, hence on the standard library alone, and may be
run twice at once. It has to parse with an old Python too, to be able to say that it is too old.
"""

import fcntl
import hashlib
import os
import subprocess
import sys

VENV = ".venv"
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)


def main(requirements: "list[str]") -> None:
    if sys.version_info < OLDEST:
        sys.exit(
            "AutomateHQ needs Python 3.11 or newer, and %s is %s: install it, or name it with `make PYTHON=/path/to/python3.11 …`."
            % (sys.executable, sys.version.split()[0])
        )
    with open(requirements[0]) as lock:  # any file does, and this one is there
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_usable():
            make()
        for name in requirements:
            install(name)


def is_usable() -> bool:
    """Whether there is one that runs, here: its Python may be gone, or it may be a copy of another clone's."""
    question = "import os, sys; print(sys.version_info >= %r and os.path.realpath(sys.prefix) == %r)"
    question %= (OLDEST, os.path.realpath(VENV))
    try:
        return subprocess.check_output([PYTHON, "-c", question]) == b"True\n"
    except (OSError, subprocess.CalledProcessError):
        return False


def make() -> None:
    say("Making %s with Python %s" % (VENV, sys.version.split()[0]))
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        sys.exit(
            "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"
        )


def install(name: str) -> None:
    with open(name, "rb") as requirements:
        wanted = hashlib.sha256(requirements.read()).hexdigest()
    stamp = os.path.join(VENV, name + ".installed")
    if os.path.exists(stamp):
        with open(stamp) as installed:
            if installed.read() == wanted:
                return
    say("Installing %s (the first time this takes a minute or two)" % name)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if subprocess.call([*pip, "-r", name]):
        sys.exit("Not everything in %s could be installed: see above." % name)
    with open(stamp, "w") as installed:
        installed.write(wanted)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
