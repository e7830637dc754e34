"""Handwriting of the demo's images: a stroke font, Latin and Hebrew.

A font file would be an additional file, looks printed, and few fonts have Hebrew. Strokes are a page of text, and
each letter can be drawn with small differences.
"""

import random
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby, pairwise

from PIL import ImageDraw

Point = tuple[float, float]
Stroke = list[Point]
Color = tuple[int, int, int]

# A letter is its strokes. A stroke is a list of points, with x and y as a hexadecimal digit each: y is 0 at the top
# and 8 on the line, x starts at 0 on the left. "~" makes a curve through its points.
GLYPHS: dict[str, tuple[str, ...]] = {
    "0": ("~30 11 04 17 28 37 45 42 30 20",),
    "1": ("12 30 28",),
    "2": ("~02 10 30 42 34 08", "08 48"),
    "3": ("~01 20 41 33 14", "~14 34 46 28 07"),
    "4": ("20 05 45", "33 38"),
    "5": ("40 10 04", "~04 23 45 38 18 07"),
    "6": ("~40 12 05 17 28 46 35 14 06",),
    "7": ("00 40 18",),
    "8": ("~40 10 02 24 46 28 06 24 42 30",),
    "9": ("~42 30 10 02 14 33 42", "~42 45 28"),
    ":": ("13 14", "17 18"),
    ".": ("17 18",),
    ",": ("17 0A",),
    "'": ("10 12",),
    '"': ("00 02", "20 22"),
    "-": ("05 35",),
    "/": ("40 08",),
    "(": ("~20 02 06 28",),
    ")": ("~00 22 26 08",),
    "&": ("~48 02 10 32 05 18 45",),
    "A": ("08 20 48", "15 35"),
    "B": ("00 08", "~00 30 42 24 04", "~04 34 46 28 08"),
    "C": ("~41 20 03 05 18 38 47",),
    "D": ("00 08", "~00 30 43 46 28 08"),
    "E": ("40 00 08 48", "04 34"),
    "F": ("40 00 08", "04 34"),
    "G": ("~41 20 03 06 28 47 45", "45 25"),
    "H": ("00 08", "40 48", "04 44"),
    "I": ("00 08",),
    "J": ("~30 36 18 06",),
    "K": ("00 08", "40 04 48"),
    "L": ("00 08 48",),
    "M": ("08 00 35 60 68",),
    "N": ("08 00 48 40",),
    "O": ("~20 03 05 28 45 43 20 10",),
    "P": ("08 00", "~00 30 42 34 04"),
    "Q": ("~20 03 05 28 45 43 20 10", "26 49"),
    "R": ("08 00", "~00 30 42 34 04", "24 48"),
    "S": ("~41 20 02 24 46 28 07",),
    "T": ("00 40", "20 28"),
    "U": ("~00 05 28 45 40",),
    "V": ("00 28 40",),
    "W": ("00 18 32 58 60",),
    "X": ("00 48", "40 08"),
    "Y": ("00 24 40", "24 28"),
    "Z": ("00 40 08 48",),
    "א": ("02 48", "42 44 35", "14 06 08"),
    "ב": ("~02 32 43 48", "08 58"),
    "ג": ("~02 22 34 38", "36 08"),
    "ד": ("02 52", "42 48"),
    "ה": ("~02 32 43 48", "05 08"),
    "ו": ("~02 12 23 28",),
    "ז": ("02 32", "22 18"),
    "ח": ("08 02", "~02 32 43 48"),
    "ט": ("~02 07 18 38 47 43 32 24",),
    "י": ("~02 12 24 25",),
    "ך": ("~02 32 43 4A",),
    "כ": ("~02 22 44 46 28 08",),
    "ל": ("00 03 43", "~43 45 28"),
    "ם": ("02 42 48 08 02",),
    "מ": ("02 14 08", "~14 32 44 48", "48 28"),
    "ן": ("~02 12 23 2A",),
    "נ": ("~12 22 33 38", "38 08"),
    "ס": ("02 32", "~32 44 46 28 06 04 12"),
    "ע": ("42 46 09", "02 36"),
    "ף": ("15 25", "~15 03 22 43 4A"),
    "פ": ("15 25", "~15 03 22 43 46 28 08"),
    "ץ": ("42 24 2A", "02 24"),
    "צ": ("02 48", "42 43 35", "48 08"),
    "ק": ("02 42", "~42 44 27", "05 0A"),
    "ר": ("~02 32 43 48",),
    "ש": ("~02 07 28 46 42", "22 16"),
    "ת": ("~02 32 43 48", "12 17 08"),
    "׳": ("20 02",),
    "״": ("20 02", "40 22"),
}

LINE_HEIGHT = 8  # of a capital letter, in the units of GLYPHS
GAP = 2.0  # between letters
SPACE = 3.0
BENDS = 4  # segments of a curve between two points
# The number of variants of each letter, of which the first is exact; more would not be noticed.
VARIANTS = 7


class Hand:
    """A handwriting with constant slant and spacing and varying letters."""

    def __init__(self, rng: random.Random, ink: Color, pen: float) -> None:
        """Set the colour `ink` and the stroke width `pen` in pixels."""
        self.rng = rng
        self.ink = ink
        self.pen = pen
        self.slant = rng.uniform(-0.02, 0.24)
        self.width = rng.uniform(0.78, 0.98)
        self.unrest = rng.uniform(0.5, 1.15)
        self.crosses_sevens = rng.random() < 0.4
        self.variants = VARIANTS

    @classmethod
    def printing(cls, ink: Color, pen: float) -> "Hand":
        """Return exact strokes that look printed, for letters that no available font has."""
        hand = cls(random.Random(0), ink, pen)  # noqa: S311 -- nothing secret in it
        hand.slant, hand.width, hand.unrest, hand.variants = 0, 0.95, 0, 1
        return hand

    def write(
        self,
        draw: ImageDraw.ImageDraw,
        text: str,
        at: Point,
        height: float,
        room: float | None = None,
    ) -> float:
        """Draw text on the line that begins at a point; return the position after it.

        `height` is the height of a capital letter. Text wider than `room` is drawn smaller.
        """
        letters = visual_order(text)
        if room is not None:
            height *= min(1, room / max(1.0, self.length(letters, height)))
        unit = height / LINE_HEIGHT
        x, line = at
        slope = self.rng.gauss(0, 0.008) * self.unrest
        for letter in letters:
            x += self._letter(draw, letter, (x, line + slope * (x - at[0])), unit)
        return x

    def length(self, text: str, height: float) -> float:
        """Return the approximate width of a text."""
        units = sum(advance(letter) for letter in text)
        return units * self.width * height / LINE_HEIGHT

    def _letter(
        self, draw: ImageDraw.ImageDraw, letter: str, at: Point, unit: float
    ) -> float:
        rng, unrest = self.rng, self.unrest
        size = unit * (1 + rng.gauss(0, 0.035) * unrest)
        tilt = self.slant + rng.gauss(0, 0.035) * unrest
        turn = rng.gauss(0, 0.025) * unrest
        width = size * self.width
        left = at[0] + rng.gauss(0, 0.12) * unit * unrest
        base = at[1] + rng.gauss(0, 0.28) * unit * unrest
        pen = max(1, round(self.pen * (1 + rng.uniform(-0.15, 0.15) * unrest)))
        for stroke in drawn(letter, rng.randrange(self.variants), self.crosses_sevens):
            draw.line(
                [
                    (left + x * width - y * tilt * size, base + (y + x * turn) * size)
                    for x, y in stroke
                ],
                fill=self.ink,
                width=pen,
            )
        return advance(letter) * unit * self.width

    def sign(
        self, draw: ImageDraw.ImageDraw, at: Point, length: float, height: float
    ) -> None:
        """Draw a signature: decreasing waves, underlined."""
        rng = self.rng
        waves = rng.randint(4, 8)
        x, line = at
        points: Stroke = []
        for wave in range(waves):
            reach = height * rng.uniform(0.35, 1) * (1 - 0.5 * wave / waves)
            step = length / waves
            points += [
                (
                    x + step * rng.uniform(0.1, 0.3),
                    line + rng.uniform(0, 0.15) * height,
                ),
                (x + step * rng.uniform(0.6, 0.9), line - reach),
            ]
            x += step * rng.uniform(0.85, 1.1)
        points.append((x + length * 0.15, line - height * 0.1))
        draw.line(bent(points, 8), fill=self.ink, width=max(1, round(self.pen)))


def visual_order(text: str) -> str:
    """Return the letters from left to right, Hebrew reversed.

    Letters missing in GLYPHS are left out.
    """
    letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text).upper()
        if letter in GLYPHS or letter == " "
    )
    if not any(map(is_hebrew, letters)):
        return letters
    runs = [
        "".join(run)
        for _, run in groupby(
            letters, key=lambda letter: letter.isascii() and letter != " "
        )
    ]
    return "".join(
        run if run[0].isascii() and run[0] != " " else run[::-1]
        for run in reversed(runs)
    )


def is_hebrew(letter: str) -> bool:
    return "\u0590" <= letter <= "\u05ff"


def advance(letter: str) -> float:
    """Return the width of a letter and the gap after it, in units."""
    if letter == " ":
        return SPACE
    return max(x for stroke in strokes(letter) for x, _y in stroke) + GAP


@cache
def strokes(letter: str) -> list[Stroke]:
    """Return the points of a letter relative to the line: y is 0 on it and negative above."""
    if letter == " ":
        return []
    return [
        [
            (int(point[0], 16), int(point[1], 16) - LINE_HEIGHT)
            for point in stroke.lstrip("~").split()
        ]
        for stroke in GLYPHS[letter]
    ]


@cache
def drawn(letter: str, variant: int, crosses_sevens: bool) -> list[Stroke]:
    """Return the strokes of a variant of a letter, ready to be placed."""
    unrest = 0.16 if variant else 0
    rng = random.Random(f"{letter}{variant}")  # noqa: S311 -- nothing secret in it
    written = []
    shapes = GLYPHS.get(letter, ())
    for shape, stroke in zip(shapes, strokes(letter), strict=True):
        moved = [
            (x + rng.gauss(0, unrest), y + rng.gauss(0, unrest)) for x, y in stroke
        ]
        written.append(bent(moved, BENDS) if shape.startswith("~") else moved)
    if letter == "7" and crosses_sevens:
        written.append([(0.9, -4.0), (3.6, -4.3)])
    return written


def bent(points: Stroke, pieces: int) -> Stroke:
    """Return a smooth curve through the points (Catmull-Rom)."""
    ends = [points[0], *points, points[-1]]
    return [*_bends(ends, pieces), points[-1]]


def _bends(points: Stroke, pieces: int) -> Iterator[Point]:
    for before, (start, end), after in zip(
        points, pairwise(points[1:]), points[3:], strict=False
    ):
        for piece in range(pieces):
            t = piece / pieces
            yield (
                _between(before[0], start[0], end[0], after[0], t),
                _between(before[1], start[1], end[1], after[1], t),
            )


def _between(before: float, start: float, end: float, after: float, t: float) -> float:
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
