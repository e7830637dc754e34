"""Numbers of a worksheet, and the number formats that make them dates and times."""

import datetime
import re
from typing import NamedTuple

# The date formats that are built in and not stored in workbooks (ECMA-376, 18.8.30, with those of East Asia).
_BUILT_IN_DATES = {14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 55), 57, 58}
_BUILT_IN_TIMES = {18, 19, 20, 21, *range(32, 36), 45, 46, 47, 55, 56}
# Text in a format code: quoted, escaped, a width, a fill, a colour or language in brackets.
_LITERAL = re.compile(
    r'"[^"]*"?|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE
)
_AM_PM = re.compile(r"am/pm|a/p", re.IGNORECASE)
_FRACTION = re.compile(r"s\]?[.,]0+")
_ZEROS = re.compile(r"0{2,15}")

_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
# Larger whole numbers are not exact in a spreadsheet.
_MAX_EXACT = 10**15
_LAST_SERIAL = 2_958_466  # the day after 31 December 9999
_FALSE_LEAP_DAY = 60
_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 -- a spreadsheet's days have no time zone
_EPOCH_1904 = datetime.datetime(1904, 1, 1)  # noqa: DTZ001 -- likewise


class Format(NamedTuple):
    """The display of a number: `date`, `time` or `number`; `width` is the digits with leading zeros."""

    kind: str = "number"
    width: int = 0


PLAIN = Format()


def built_in_format(number: int) -> Format:
    if number in _BUILT_IN_DATES:
        return Format("date")
    return Format("time") if number in _BUILT_IN_TIMES else PLAIN


def format_of(code: str) -> Format:
    """Return the format of a custom format code, by its first section."""
    section = _LITERAL.sub("", code).split(";")[0].strip()
    if _ZEROS.fullmatch(section):
        return Format(width=len(section))
    letters = _AM_PM.sub("h", section.casefold())
    if letters == "general" or re.search("[0#?]", _FRACTION.sub("s", letters)):
        return PLAIN
    if re.search("[dybeg]", letters):
        return Format("date")
    if re.search("[hs]", letters):
        return Format("time")
    return Format("date") if "m" in letters else PLAIN


def read_number(text: str, shown: Format, *, is_1904: bool) -> list[str]:
    """Return a number's cell, of the kind that its format shows.

    Raises `ValueError` for text that is no number.
    """
    if shown.kind == "number":
        if _DIGITS.fullmatch(text):  # most numbers
            return ["number", text.zfill(shown.width) if shown.width else text]
        return _plain(float(text), shown.width)
    return _moment(float(text), shown.kind, is_1904=is_1904)


def _plain(value: float, width: int) -> list[str]:
    if not abs(value) < _MAX_EXACT:  # also for infinity and NaN
        return ["error", f"{value:.15g}"]
    whole = int(value)
    if whole != value:
        return ["number", repr(value)]
    return ["number", str(whole).zfill(width)]


def _moment(serial: float, kind: str, *, is_1904: bool) -> list[str]:
    if not 0 <= serial < _LAST_SERIAL:
        return ["error", f"{serial:.15g}"]
    if is_1904:
        epoch = _EPOCH_1904
    else:
        epoch = _EPOCH
        if (
            serial < _FALSE_LEAP_DAY
        ):  # 29 February 1900, which exists in spreadsheets only
            epoch += datetime.timedelta(days=1)
    try:
        moment = epoch + datetime.timedelta(milliseconds=round(serial * 86_400_000))
    except OverflowError:
        return ["error", f"{serial:.15g}"]
    if kind == "time" or serial < 1:
        return ["time", moment.strftime("%H:%M")]
    return ["date", moment.strftime("%Y-%m-%d")]


def read_iso(text: str) -> list[str]:
    """Return the cell of a date that a workbook stores as text (`t="d"`)."""
    day, _separator, _time = text.strip().partition("T")
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return ["time" if ":" in day else "error", day[:5] if ":" in day else text]
    return ["date", day]
