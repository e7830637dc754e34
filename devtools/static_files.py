"""Format style sheets and scripts: `python devtools/static_files.py`; with `--check`, change no file.

`make format` runs the check. Each declaration or statement is on its own line, so that a diff shows the changes.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cssbeautifier
import jsbeautifier

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change no file")
    is_check = parser.parse_args().check
    unformatted = [path for path in static_files() if not is_formatted(path)]
    for path in unformatted:
        if is_check:
            sys.stdout.write(f"{path.relative_to(ROOT)} is not formatted.\n")
        else:
            path.write_text(formatted(path))
    if unformatted and is_check:
        sys.stdout.write("Run `.venv/bin/python devtools/static_files.py`.\n")
    return 1 if unformatted and is_check else 0


def static_files() -> list[Path]:
    """Return the style sheets and scripts that Git tracks or would add."""
    options = ["--cached", "--others", "--exclude-standard"]
    command = ["git", "ls-files", *options, *(f"*{suffix}" for suffix in FORMATTERS)]
    listed = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return sorted(path for path in paths if path.exists())


def is_formatted(path: Path) -> bool:
    """Return True if the file equals the formatter's output."""
    return path.read_text() == formatted(path)


def formatted(path: Path) -> str:
    """Return the formatted text of the file."""
    return FORMATTERS[path.suffix](path.read_text())


def format_style_sheet(text: str) -> str:
    """Return CSS with one declaration a line."""
    options = cssbeautifier.default_options()
    options.indent_size = 2
    options.end_with_newline = True
    options.newline_between_rules = False
    options.selector_separator_newline = False
    options.space_around_combinator = True
    options.max_preserve_newlines = 2
    return str(cssbeautifier.beautify(text, options))


def format_script(text: str) -> str:
    """Return JavaScript with one statement a line; short functions and objects may stay on one line."""
    options = jsbeautifier.default_options()
    options.indent_size = 2
    options.end_with_newline = True
    options.max_preserve_newlines = 2
    options.brace_style = "collapse,preserve-inline"
    options.operator_position = "before-newline"
    return str(jsbeautifier.beautify(text, options))


FORMATTERS: dict[str, Callable[[str], str]] = {
    ".css": format_style_sheet,
    ".js": format_script,
}


if __name__ == "__main__":
    sys.exit(main())
