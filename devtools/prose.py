"""Check for words that the style rules of CONTRIBUTING.md forbid: `python devtools/prose.py`.

The check reads the tracked Python, Markdown, HTML and JavaScript files, the Makefile, and the English texts of the
translation catalogue. Released migrations never change, so they are left out. Text in backticks is code, and is left
out as well.

`prose-baseline.json` holds the number of findings that each file may still have. More findings are an error.
`--update` lowers the numbers to the current ones. It never raises a number.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / "devtools/prose-baseline.json"
SUFFIXES = {".py", ".md", ".html", ".js"}
SKIPPED = re.compile(
    r"/migrations/\d|^devtools/prose\.py$|^devtools/tests/test_prose\.py$"
)
CODE = re.compile(r"`[^`\n]*`")

# Pattern -> advice. The strings "refuse" and "refused" are values of the API. Case does not matter, and a pattern matches whole words only.
WORDS = {
    r"whoever|whomever|whosoever": "name the user, the caller or the process",
    r"nobody(?!\"\])": "write “no user”, “no employee” or “no one”",
    r"somebody": "name the user, the employee or the process",
    r"whatever": "name the thing, or write “any”",
    r"not any more|any more(?=[.,;:!?)\"”])": "write “no longer”",
    r"as it is(?!\s+\w+(?:ed|en|ing)\b)": "write “unchanged”, “original” or “anyway”",
    r"shall": "write “must”, “should” or “will”",
    r"doors?": "write “endpoint”, “entry point” or “view”",
    r"seal(?:s|ed|ing)?": "write “form token” or “sign”",
    r"evidence": "write “credentials”",
    r"(?<!connection )(?!(?<=\")refused?\")(?:refuse[sd]?|refusing|refusals?)": "write “reject” or “error”",
    r"keepers?": "write “store” or “owner”",
    r"dice": "write “seeded random numbers”",
    r"judge[sd]?|judging": "write “check”",
    r"workplace": "write “admin site”",
    r"spoken to": "write “language”",
    r"lately": "write “recently” or “recent activity”",
    r"anew": "write “again”",
    r"ours": "repeat the noun",
    r"at hand|by itself": "leave it out, or name the thing",
    r"by hand": "write “manually”",
    r"nothing of": "name the thing that is missing",
    r"for want of|whereby|thereby|thereof": "write “without”, “because” or a new sentence",
}
ADVICE = list(WORDS.values())
WORDS_PATTERN = re.compile(
    "|".join(rf"\b({pattern})(?!\w)" for pattern in WORDS), re.IGNORECASE
)
OPENING = re.compile(
    r"\s*(?:what|whatever|who|whoever|whose|whether|says?|tells?)\b", re.IGNORECASE
)
OPENING_ADVICE = (
    "begin with an imperative verb, such as “Return”; a class begins with a noun"
)
MESSAGE_OPENING = re.compile(r"\s*say\b", re.IGNORECASE)
MESSAGE_ADVICE = "write “Enter” or “Choose”"
NAMES = frozenset(
    {
        "asked",
        "kept",
        "keeper",
        "met",
        "nobody",
        "ours",
        "said",
        "says",
        "somebody",
        "told",
        "wanted",
    }
)
NAMES_ADVICE = "choose a noun: “message”, “stored”, “options”, “conflict”"


class Finding(NamedTuple):
    line: int
    text: str
    advice: str


def find_in_text(text: str) -> Iterator[Finding]:
    """Yield the forbidden words in `text`, line by line."""
    for number, line in enumerate(text.splitlines(), 1):
        for match in WORDS_PATTERN.finditer(CODE.sub("", line)):
            assert match.lastindex, "each pattern is a group of its own"
            yield Finding(number, match[0], ADVICE[match.lastindex - 1])


def find_in_python(text: str) -> Iterator[Finding]:
    """Yield forbidden words in Python source, then invalid docstrings and names."""
    yield from find_in_text(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            docstring = ast.get_docstring(node) or ""
            if OPENING.match(docstring):
                yield Finding(node.body[0].lineno, docstring.split()[0], OPENING_ADVICE)
        name = _defined_name(node)
        if name in NAMES:
            yield Finding(getattr(node, "lineno", 1), name, NAMES_ADVICE)


def find_in_catalogue(path: Path) -> Iterator[Finding]:
    """Yield the forbidden words in the English texts of a translation catalogue."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        for text in (
            message.id if isinstance(message.id, list | tuple) else [message.id]
        ):
            line = message.lineno or 1
            for finding in find_in_text(text):
                yield finding._replace(line=line)
            if MESSAGE_OPENING.match(text):
                yield Finding(line, text.split()[0], MESSAGE_ADVICE)


def find(path: Path) -> list[Finding]:
    """Return the findings in the file at `path`, in the order of their lines."""
    if path.suffix == ".po":
        return sorted(find_in_catalogue(path))
    text = path.read_text(encoding="utf-8")
    return sorted(find_in_python(text) if path.suffix == ".py" else find_in_text(text))


def list_files(root: Path = ROOT) -> list[str]:
    """Return the paths of the tracked files to check, relative to `root`."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [
        name
        for name in listing.split("\0")
        if _is_checked(name) and (root / name).is_file()
    ]


def find_excess(counts: Mapping[str, int], baseline: Mapping[str, int]) -> list[str]:
    """Return the paths of the files with more findings than `baseline` allows.

    A file that was moved or split has no number of its own. Such files may have as many findings together as the
    files that are gone.
    """
    excess = [
        path for path, allowed in baseline.items() if counts.get(path, 0) > allowed
    ]
    gone = sum(allowed for path, allowed in baseline.items() if path not in counts)
    new = [path for path, count in counts.items() if count and path not in baseline]
    if sum(counts[path] for path in new) > gone:
        excess += new
    return sorted(excess)


def lower(counts: Mapping[str, int], baseline: Mapping[str, int]) -> dict[str, int]:
    """Return `baseline` with the lower numbers of `counts`, without clean or removed files."""
    lowered = {
        path: min(count, baseline.get(path, count)) for path, count in counts.items()
    }
    return {path: count for path, count in sorted(lowered.items()) if count}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Check for words that the style rules forbid."
    )
    parser.add_argument(
        "--update", action="store_true", help="lower the numbers in prose-baseline.json"
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="list all findings, also those that are still allowed",
    )
    options = parser.parse_args(arguments)
    findings = {path: find(ROOT / path) for path in list_files()}
    counts = {path: len(found) for path, found in findings.items()}
    baseline: dict[str, int] = json.loads(BASELINE.read_text())
    excess = find_excess(counts, baseline)
    for path in findings if options.list else excess:
        for line, text, advice in findings[path]:
            _print(f"{path}:{line}: “{text}”: {advice}")
    for path in excess:
        _print(
            f"{path}: {counts[path]} forbidden words, {baseline.get(path, 0)} allowed"
        )
    if excess:
        _print(
            "Rewrite these sentences. The rules are in CONTRIBUTING.md, section Style."
        )
        return 1
    lowered = lower(counts, baseline)
    if options.update:
        BASELINE.write_text(json.dumps(lowered, indent=0) + "\n")
    elif lowered != baseline:
        _print(
            "Fewer forbidden words than allowed. Run `python devtools/prose.py --update` to lower the numbers."
        )
    _print(
        f"{sum(counts.values())} forbidden words in {len(lowered)} of {len(counts)} files; none is new."
    )
    return 0


def _defined_name(node: ast.AST) -> str:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return ""


def _is_checked(name: str) -> bool:
    path = Path(name)
    checked = (
        path.suffix in SUFFIXES
        or path.name == "Makefile"
        or name.endswith("he/LC_MESSAGES/django.po")
    )
    return checked and not SKIPPED.search(name)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
