"""Mutation rules. Each introduces one error into a source file, as a careless change may.

A rule takes a parsed file and yields every edit that it can make in it. No edit is written for a single place. A rule
changes Python syntax (a guard, a condition, a row of a table, a call) or SQL in a string.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """A replacement of bytes `start` to `end` of a file by `new`.

    `where` is the function or table that contains it, and `what` is a description for the report.
    """

    start: int
    end: int
    new: str
    where: str
    what: str


class Source:
    """A Python file with its syntax tree. Positions are byte offsets, as in `ast`."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.tree = ast.parse(text)

    @cached_property
    def _lines(self) -> list[int]:
        starts = [0]
        for line in self.data.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def span(self, node: ast.AST) -> tuple[int, int]:
        at: Any = node  # statements, expressions and keywords all have positions
        return (
            self._lines[at.lineno - 1] + at.col_offset,
            self._lines[at.end_lineno - 1] + at.end_col_offset,
        )

    def text(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.data[start:end].decode()

    def line(self, position: int) -> int:
        return self.data[:position].count(b"\n") + 1

    def nodes(self) -> Iterator[tuple[ast.AST, str]]:
        """Yield every node with the dotted name of its function, class or variable."""

        def inside(node: ast.AST, where: str) -> Iterator[tuple[ast.AST, str]]:
            types = (getattr(node, "annotation", None), getattr(node, "returns", None))
            for child in ast.iter_child_nodes(node):
                if child in types:
                    continue
                name = _name(child)
                at = f"{where}.{name}" if where and name else name or where
                yield child, at
                yield from inside(child, at)

        yield from inside(self.tree, "")

    def edit(self, node: ast.AST, new: str, where: str, what: str = "") -> Edit:
        return Edit(
            *self.span(node), new, where, what or f"{short(self.text(node))} → {new}"
        )

    def apply(self, edit: Edit) -> str:
        return (
            self.data[: edit.start] + edit.new.encode() + self.data[edit.end :]
        ).decode()


Rule = Callable[[Source], Iterator[Edit]]


def _name(node: ast.AST) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return ""


def short(text: str) -> str:
    """Return `text` on one line, shortened at a word boundary to about 70 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 70 else re.sub(r"\w+$", "", line[:67]) + "…"


def _exits_block(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], (ast.Raise, ast.Return, ast.Continue))


def guards_removed(source: Source) -> Iterator[Edit]:
    """Make the condition of `if …: raise` (or return, or continue) always false."""
    for node, where in source.nodes():
        if isinstance(node, ast.If) and not node.orelse and _exits_block(node.body):
            what = f"never: if {short(source.text(node.test))}"
            yield source.edit(node.test, "False", where, what)


def conditions_negated(source: Source) -> Iterator[Edit]:
    """Negate a condition."""
    for node, where in source.nodes():
        if isinstance(node, (ast.If, ast.IfExp)):
            text = source.text(node.test)
            what = f"if not ({short(text)})"
            yield source.edit(node.test, f"not ({text})", where, what)


def operands_dropped(source: Source) -> Iterator[Edit]:
    """Drop one operand of `and` or `or`."""
    for node, where in source.nodes():
        if isinstance(node, ast.BoolOp):
            word = " and " if isinstance(node.op, ast.And) else " or "
            for dropped in node.values:
                remaining = [source.text(v) for v in node.values if v is not dropped]
                what = (
                    f"{short(source.text(node))} without {short(source.text(dropped))}"
                )
                yield source.edit(node, f"({word.join(remaining)})", where, what)


_SHIFTED: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}


def comparisons_shifted(source: Source) -> Iterator[Edit]:
    """Shift a comparison by one, or negate it."""
    for node, where in source.nodes():
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = (
                source.text(node.left),
                source.text(node.comparators[0]),
            )
            new = f"{left} {_SHIFTED[type(node.ops[0])]} {right}"
            what = f"{short(source.text(node))} → {short(new)}"
            yield source.edit(node, f"({new})", where, what)


def calls_dropped(pattern: str = "") -> Rule:
    """Drop a call statement; `pattern` limits the rule to functions with a matching name."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
                continue
            if re.fullmatch(pattern or ".*", source.text(node.value.func), re.DOTALL):
                what = f"dropped: {short(source.text(node))}"
                yield source.edit(node, "pass", where, what)

    return rule


def assignments_dropped(pattern: str) -> Rule:
    """Drop the assignment to a target that matches `pattern`, but evaluate its value."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if isinstance(node, ast.Assign):
                target = source.text(node.targets[0])
                if re.fullmatch(pattern, target):
                    what = f"dropped: {short(source.text(node))}"
                    yield source.edit(node, source.text(node.value), where, what)

    return rule


def returns(value: str) -> Rule:
    """Return `value` from a function in all cases."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            if source.text(node.value) != value:
                what = f"return {short(source.text(node.value))} → return {value}"
                yield source.edit(node.value, value, where, what)

    return rule


def items_dropped(name: str, item: str = "") -> Rule:
    """Drop one row of a tuple, list or dict in a variable with a matching name."""

    def rule(source: Source) -> Iterator[Edit]:
        done = 0  # end of the last table: a row of a table may be a tuple, which is no table
        for node, where in source.nodes():
            if not re.fullmatch(name, where):
                continue
            is_table = isinstance(node, (ast.Dict, ast.Tuple, ast.List))
            if is_table and source.span(node)[0] < done:
                continue
            if isinstance(node, ast.Dict):
                pairs = [
                    (source.text(key), f"{source.text(key)}: {source.text(value)}")
                    for key, value in zip(node.keys, node.values, strict=True)
                    if key is not None
                ]
                brackets = "{}"
            elif isinstance(node, (ast.Tuple, ast.List)):
                pairs = [(source.text(e), source.text(e)) for e in node.elts]
                brackets = "[]" if isinstance(node, ast.List) else "()"
            else:
                continue
            done = source.span(node)[1]
            for dropped, (label, _text) in enumerate(pairs):
                if not re.match(item, label, re.DOTALL):
                    continue
                remaining = "".join(
                    f"{text}, "
                    for index, (_label, text) in enumerate(pairs)
                    if index != dropped
                )
                new = f"{brackets[0]}{remaining}{brackets[1]}"
                yield source.edit(node, new, where, f"without {short(label)}")

    return rule


def values_replaced(name: str, values: Callable[[str, str], Iterable[str]]) -> Rule:
    """Replace one value of a dict; `values` returns replacements for the source of a key and its value."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if not isinstance(node, ast.Dict) or not re.fullmatch(name, where):
                continue
            for key, present in zip(node.keys, node.values, strict=True):
                if key is None:
                    continue
                row, value = source.text(key), source.text(present)
                for new in values(row, value):
                    what = f"{short(row)}: {short(value)} → {short(new)}"
                    yield source.edit(present, new, where, what)

    return rule


def named_values_replaced(
    name: str, values: Callable[[str, str], Iterable[str]]
) -> Rule:
    """Replace the constant of a keyword argument or variable with a matching name."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            match node:
                case ast.keyword(arg=str(label), value=ast.Constant() as present):
                    pass
                case ast.Assign(
                    targets=[ast.Name(id=label)], value=ast.Constant() as present
                ):
                    pass
                case _:
                    continue
            if re.fullmatch(name, label):
                value = source.text(present)
                for new in values(label, value):
                    yield source.edit(present, new, where, f"{label}={value} → {new}")

    return rule


def links_dropped(method: str) -> Rule:
    """Drop a method call from a chain: `rows.filter(…)` becomes `rows`."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
            ):
                yield source.edit(node, source.text(node.func.value), where)

    return rule


def arguments_dropped(call: str, keyword: str | None = None) -> Rule:
    """Drop the last positional argument of a call, or the argument `keyword`."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if not isinstance(node, ast.Call) or not re.fullmatch(
                call, source.text(node.func)
            ):
                continue
            dropped: list[ast.AST] = [k for k in node.keywords if k.arg == keyword]
            if keyword is None:
                dropped = list(node.args[1:][-1:])
            for argument in dropped:
                arguments = [*node.args, *node.keywords]
                remaining = [source.text(a) for a in arguments if a is not argument]
                new = f"{source.text(node.func)}({', '.join(remaining)})"
                what = (
                    f"{source.text(node.func)} without {short(source.text(argument))}"
                )
                yield source.edit(node, new, where, what)

    return rule


def words_changed(call: str, words: Sequence[str]) -> Rule:
    """Drop a word of the string in `call("A B")`, or add one of `words`."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if (
                isinstance(node, ast.Call)
                and source.text(node.func) == call
                and isinstance(node.args[0], ast.Constant)
            ):
                (argument,) = node.args
                present = str(node.args[0].value).split()
                for word in present:
                    remaining = " ".join(other for other in present if other != word)
                    what = f'{source.text(node)} without "{word}"'
                    yield source.edit(argument, f'"{remaining}"', where, what)
                for word in words:
                    if word not in present:
                        what = f'{source.text(node)} and "{word}"'
                        more = " ".join([*present, word])
                        yield source.edit(argument, f'"{more}"', where, what)

    return rule


def names_replaced(name: str, new: str, where_in: str) -> Rule:
    """Replace a name by `new` at each use in functions or tables that match `where_in`."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if not isinstance(node, ast.Name) or node.id != name:
                continue
            if isinstance(node.ctx, ast.Load) and re.fullmatch(where_in, where):
                yield source.edit(node, new, where)

    return rule


def strings_changed(name: str, pattern: str, new: str) -> Rule:
    """Replace a match of `pattern` in the SQL of a variable or function by `new`."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            is_text = isinstance(node, ast.JoinedStr) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str)
            )
            if not is_text or not re.fullmatch(name, where):
                continue
            start, end = source.span(node)
            text = source.data[start:end].decode()
            for match in re.finditer(pattern, text, re.DOTALL):
                changed = match.expand(new)
                what = f"SQL: {short(match[0])} → {short(changed) or 'nothing'}"
                at = start + len(text[: match.start()].encode())
                yield Edit(at, at + len(match[0].encode()), changed, where, what)

    return rule


def bodies_replaced(function: str, body: str) -> Rule:
    """Replace the body of a function by `body`."""

    def rule(source: Source) -> Iterator[Edit]:
        for node, where in source.nodes():
            if isinstance(node, ast.FunctionDef) and re.fullmatch(function, node.name):
                start, _ = source.span(node.body[0])
                _, end = source.span(node.body[-1])
                if source.data[start:end].decode().strip() != body:
                    yield Edit(start, end, body, where, f"{body}, and no more")

    return rule


def within(pattern: str, *rules: Rule) -> Rule:
    """Apply the rules to functions and tables with a matching name only."""

    def rule(source: Source) -> Iterator[Edit]:
        for inner in rules:
            for edit in inner(source):
                if re.fullmatch(pattern, edit.where):
                    yield edit

    return rule


LOGIC: tuple[Rule, ...] = (
    guards_removed,
    conditions_negated,
    operands_dropped,
    comparisons_shifted,
    calls_dropped(),
)
