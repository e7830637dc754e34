"""Format style sheets: one declaration a line. `make format` runs it with `--check`, which changes no file."""

import argparse
import subprocess
import sys
from pathlib import Path

import cssbeautifier

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change no file")
    is_check = parser.parse_args().check
    unformatted = [path for path in style_sheets() if not is_formatted(path)]
    for path in unformatted:
        if is_check:
            sys.stdout.write(f"{path.relative_to(ROOT)} is not formatted.\n")
        else:
            path.write_text(formatted(path.read_text()))
    if unformatted and is_check:
        sys.stdout.write("Run `.venv/bin/python devtools/stylesheets.py`.\n")
    return 1 if unformatted and is_check else 0


def style_sheets() -> list[Path]:
    """Return the style sheets that Git tracks."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.css"]
    listed = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return sorted(path for path in paths if path.exists())


def is_formatted(path: Path) -> bool:
    text = path.read_text()
    return text == formatted(text)


def formatted(text: str) -> str:
    options = cssbeautifier.default_options()
    options.indent_size = 2
    options.end_with_newline = True
    options.newline_between_rules = False
    options.selector_separator_newline = False
    options.space_around_combinator = True
    options.max_preserve_newlines = 2
    return str(cssbeautifier.beautify(text, options))


if __name__ == "__main__":
    sys.exit(main())
