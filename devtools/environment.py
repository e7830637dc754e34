"""Create `.venv` and install lock files into it: `python3.11 devtools/environment.py requirements.lock`.

The script skips a lock file that is already installed. Two runs may overlap: the second waits for the first.
It uses the standard library only, since it runs before any package is installed. Its syntax is that of
Python 3.5, so that an old interpreter can report that it is too old.
"""

import fcntl
import hashlib
import os
import subprocess
import sys

VENV = ".venv"
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
NOT_INSTALLED = """
Cannot install %(lock)s: the message of pip is above.
- "DO NOT MATCH THE HASHES": a downloaded file differs from the locked one. Do not use it. Compare its hash
  with the one on the package index. If %(lock)s was changed, restore it: `git checkout %(lock)s`.
- "Hashes are required" or "versions pinned with ==": the lock file is incomplete. Run `make lock`.
- "No matching distribution": your package index does not have this version for your Python and machine.
"""


def main(locks: "list[str]") -> None:
    if sys.version_info < OLDEST:
        sys.exit(
            "AutomateHQ needs Python 3.11 or newer; %s is Python %s. Install a newer Python, or set its path: "
            "`make PYTHON=/path/to/python3.11 …`."
            % (sys.executable, sys.version.split()[0])
        )
    with open(locks[0]) as file:  # any file that exists can carry the lock
        fcntl.flock(file, fcntl.LOCK_EX)
        if not is_usable():
            create()
        for lock in locks:
            install(lock)


def is_usable() -> bool:
    """Return True if `.venv` belongs to this clone and its Python runs.

    The interpreter may have been removed, and the folder may be a copy from another clone.
    """
    question = "import os, sys; print(sys.version_info >= %r and os.path.realpath(sys.prefix) == %r)"
    question %= (OLDEST, os.path.realpath(VENV))
    try:
        return subprocess.check_output([PYTHON, "-c", question]) == b"True\n"
    except (OSError, subprocess.CalledProcessError):
        return False


def create() -> None:
    report("Creating %s with Python %s" % (VENV, sys.version.split()[0]))
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        sys.exit(
            "This Python cannot create virtual environments. On Debian and Ubuntu, run: apt-get install python3-venv"
        )


def install(lock: str) -> None:
    """Install the versions pinned in `lock`; accept only files with a listed hash."""
    with open(lock, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    stamp = os.path.join(VENV, lock + ".installed")
    if os.path.exists(stamp):
        with open(stamp) as installed:
            if installed.read() == digest:
                return
    report("Installing %s (the first time takes a minute or two)" % lock)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    # Python compiles a module at its first import; compiling all modules in advance takes a third of the time.
    if subprocess.call([*pip, "--no-compile", "--require-hashes", "-r", lock]):
        sys.exit(NOT_INSTALLED % {"lock": lock})
    with open(stamp, "w") as installed:
        installed.write(digest)


def report(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
