"""The report of an isolation check, and its section in docs/isolation.md."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "isolation.md"
# A report prints at most this many problems. A single cause often has hundreds.
SHOWN_PROBLEMS = 60


@dataclass(frozen=True)
class Table:
    """A table with a heading for each column; each row has one cell per column."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


@dataclass
class CheckReport:
    """The result of a check.

    `figures` maps the name of each count to its value. Each of `problems` is a sentence that describes a failure.
    """

    figures: Mapping[str, object]
    tables: Sequence[Table] = ()
    problems: Sequence[str] = field(default_factory=list)

    def markdown(self, command: str, *, seconds: float) -> str:
        """Return the report in Markdown, as docs/isolation.md contains it."""
        when = datetime.now(UTC).date()
        blocks = [
            f"Last run {when} by `{command}`, {_duration(seconds)}: "
            f"**{len(self.problems) or 'no'} problem{'s' * (len(self.problems) != 1)}**.",
            Table(["counted", ""], list(self.figures.items())).markdown(),
            *(table.markdown() for table in self.tables),
        ]
        if self.problems:
            shown = [f"- {problem}" for problem in self.problems[:SHOWN_PROBLEMS]]
            more = len(self.problems) - len(shown)
            blocks.append("\n".join([*shown, *[f"- and {more} more"] * bool(more)]))
        return "\n\n".join(blocks)


def write_to_docs(check: str, text: str) -> None:
    """Write `text` between the markers of `check` in docs/isolation.md.

    Raises `ValueError` if the document has no markers for `check`.
    """
    begin, end = f"<!-- results of {check} -->", f"<!-- end of {check} -->"
    document = DOCUMENT.read_text()
    section = re.compile(f"{begin}.*?{end}", re.DOTALL)
    if not section.search(document):
        raise ValueError(f"{DOCUMENT} has no section for {check}: {begin} … {end}")
    new = f"{begin}\n{text}\n{end}"
    DOCUMENT.write_text(section.sub(lambda _match: new, document))


def log(text: str) -> None:
    """Print a line of progress to standard error."""
    print(text, file=sys.stderr, flush=True)


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
