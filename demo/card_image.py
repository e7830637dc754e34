"""Images of filled-in work cards, like photos of a phone, for the demo data.

The module reads no files and no network. The same random.Random gives the same bytes.
"""

import random
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from math import cos, radians, sin
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from workcards.hours import sum_hours

from .handwriting import Color, Hand, visual_order

SIZE = (924, 1238)
# Images are drawn and rotated at twice the final size: smooth strokes from fast, coarse drawing.
REDUCED = 2

# The unit of the layout and of all sizes.
LAYOUT = (1060, 1420)
SCALE = REDUCED * SIZE[0] / LAYOUT[0]

PAPER: Color = (246, 243, 234)
DESK: Color = (92, 87, 82)
PRINT: Color = (74, 74, 78)
RULE: Color = (138, 140, 148)
SHADED: Color = (228, 226, 217)
INKS: tuple[Color, ...] = (
    (34, 52, 158),
    (26, 38, 118),
    (44, 70, 178),
    (38, 38, 44),
)

MARGIN = 32  # the desk around the paper
LEFT, RIGHT = 100, 960
TABLE_TOP, HEAD_HEIGHT, LINE_HEIGHT, LINES = 264, 36, 31, 31
FIRST_LINE = TABLE_TOP + HEAD_HEIGHT
LAST_LINE = FIRST_LINE + LINES * LINE_HEIGHT
# Top and bottom of the day lines in the middle of the image, as fractions of its height.
LINES_SPAN = (FIRST_LINE / LAYOUT[1], LAST_LINE / LAYOUT[1])
INK_HEIGHT = 17
# The probability of a wrong time that is crossed out.
SLIPS = 0.012

# Name of a column, its Hebrew name, and its left edge.
COLUMNS = (
    ("Day", "יום", LEFT),
    ("From", "משעה", 162),
    ("To", "עד שעה", 302),
    ("Break", "הפסקה", 442),
    ("Total", "סה״כ", 542),
    ("Notes", "הערות", 652),
)


class CardLine(NamedTuple):
    """The text of a day's line; None and "" leave the field empty."""

    work_date: date
    from_time: time | None = None
    to_time: time | None = None
    break_minutes: int | None = None
    total_hours: Decimal | None = None
    note: str = ""


def render_card(
    *,
    business_name: str,
    site_name: str,
    employee_name: str,
    month: date,
    days: Sequence[CardLine],
    rng: random.Random,
    employee_number: str = "",
    size: tuple[int, int] = SIZE,
) -> bytes:
    """Return a JPEG of a card of that month, with handwriting on its lines.

    Takes about 50 ms and gives about 140 kB. Letters of names other than Latin and Hebrew are left out.
    """
    sheet = _form(business_name).copy()
    draw = ImageDraw.Draw(sheet)
    hand = Hand(rng, rng.choice(INKS), pen=rng.uniform(1.7, 2.3) * SCALE)
    manager = Hand(rng, rng.choice(INKS), pen=2 * SCALE)
    _fill_in_head(draw, hand, employee_name, site_name, month, employee_number)
    for line in days:
        _fill_in_line(draw, hand, line)
    _fill_in_foot(draw, hand, manager, days)
    picture = ImageChops.multiply(_photographed(sheet, rng, size), _light(rng, size))
    output = BytesIO()
    picture.save(output, "JPEG", quality=72)
    return output.getvalue()


def _fill_in_head(
    draw: ImageDraw.ImageDraw,
    hand: Hand,
    employee_name: str,
    site_name: str,
    month: date,
    employee_number: str,
) -> None:
    for text, x, line, room in (
        (employee_name, 172, 172, 300),
        (employee_number, 646, 172, 230),
        (site_name, 172, 226, 300),
        (f"{month.month:02} / {month.year}", 646, 226, 230),
    ):
        _write(draw, hand, text, x, line, height=21, room=room)


def _fill_in_line(draw: ImageDraw.ImageDraw, hand: Hand, line: CardLine) -> None:
    base = FIRST_LINE + line.work_date.day * LINE_HEIGHT - 7
    columns = {name: left for name, _hebrew, left in COLUMNS}
    fields = (
        ("From", _clock(line.from_time, hand.rng), 30, 105),
        ("To", _clock(line.to_time, hand.rng), 34, 100),
        ("Break", str(line.break_minutes or ""), 34, 60),
        (
            "Total",
            "" if line.total_hours is None else f"{line.total_hours:.2f}",
            22,
            84,
        ),
        ("Notes", line.note, 18, 280),
    )
    for column, text, indent, room in fields:
        x = columns[column] + indent + hand.rng.gauss(0, 3)
        if column in ("From", "To") and text and hand.rng.random() < SLIPS:
            x = _strike_out(draw, hand, text, x - 20, base)
        _write(draw, hand, text, x, base, room=room)


def _strike_out(
    draw: ImageDraw.ImageDraw, hand: Hand, text: str, x: float, base: float
) -> float:
    """Draw the crossed-out hours of another day; return the position after them."""
    hour, minute = text.split(":")
    wrong = f"{(int(hour) + hand.rng.choice((-1, 1, 2))) % 24:02}:{minute}"
    end = _write(draw, hand, wrong, x, base)
    middle = base - INK_HEIGHT / 2
    lean = hand.rng.uniform(-3, 3)
    _rule(draw, x - 2, middle + lean, end, middle - lean, width=2, color=hand.ink)
    return end + 8


def _fill_in_foot(
    draw: ImageDraw.ImageDraw, hand: Hand, manager: Hand, days: Sequence[CardLine]
) -> None:
    totals = [line.total_hours for line in days if line.total_hours is not None]
    if totals:
        _write(draw, hand, f"{sum_hours(totals)}", 560, LAST_LINE + 36, height=20)
    for who, x in ((hand, 210), (manager, 680)):
        length = who.rng.uniform(120, 190)
        at = (x * SCALE, (LAST_LINE + 84) * SCALE)
        who.sign(draw, at, length * SCALE, 34 * SCALE)


def _write(
    draw: ImageDraw.ImageDraw,
    hand: Hand,
    text: str,
    x: float,
    base: float,
    height: float = INK_HEIGHT,
    room: float | None = None,
) -> float:
    """Draw handwritten text; return the position of its end."""
    room = room * SCALE if room else None
    at = (x * SCALE, base * SCALE)
    return hand.write(draw, text, at, height * SCALE, room) / SCALE


def _clock(value: time | None, rng: random.Random) -> str:
    """Return 07:00 or 7:00, chosen at random."""
    if value is None:
        return ""
    text = f"{value:%H:%M}"
    return text.removeprefix("0") if rng.random() < 0.4 else text


@lru_cache(maxsize=2)  # 18 MB each
def _form(business_name: str) -> Image.Image:
    """Return the empty printed form on the desk, in REDUCED times SIZE."""
    width, height = (side * REDUCED for side in SIZE)
    edge = MARGIN * SCALE
    sheet = Image.new("RGB", (width, height), DESK)
    shadow = Image.new("L", (width // 8, height // 8), 255)
    ImageDraw.Draw(shadow).rectangle(
        [
            (edge + 6) // 8,
            (edge + 10) // 8,
            (width - edge + 14) // 8,
            (height - edge + 22) // 8,
        ],
        fill=120,
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(2)).resize((width, height))
    sheet = ImageChops.multiply(sheet, Image.merge("RGB", [shadow] * 3))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle([edge, edge, width - edge, height - edge], fill=PAPER)
    _print_head(draw, business_name)
    _print_table(draw)
    _print_foot(draw)
    return sheet


def _print_head(draw: ImageDraw.ImageDraw, business_name: str) -> None:
    _print(draw, "WORK CARD", LEFT, 104, 30, bold=True)
    _print(draw, "כרטיס עבודה", RIGHT, 104, 26, bold=True, end=True)
    _print(draw, business_name[:40], (LEFT + RIGHT) // 2, 104, 18, middle=True)
    _rule(draw, LEFT, 120, RIGHT, 120, 2, PRINT)
    for english, hebrew, x, line, end in (
        ("Name", "שם", LEFT, 172, 520),
        ("No.", "מס׳", 580, 172, RIGHT),
        ("Site", "אתר", LEFT, 226, 520),
        ("Month", "חודש", 580, 226, RIGHT),
    ):
        _print(draw, english, x, line, 15)
        _print(draw, hebrew, end, line, 13, end=True)
        _rule(draw, x + 60, line + 5, end - 46, line + 5)


def _print_table(draw: ImageDraw.ImageDraw) -> None:
    corners = [LEFT, TABLE_TOP, RIGHT, FIRST_LINE]
    draw.rectangle([side * SCALE for side in corners], fill=SHADED)
    for number in range(LINES + 1):
        y = FIRST_LINE + number * LINE_HEIGHT
        _rule(draw, LEFT, y, RIGHT, y)
        if number < LINES:
            _print(draw, str(number + 1), 131, y + 22, 15, middle=True)
    _rule(draw, LEFT, TABLE_TOP, RIGHT, TABLE_TOP)
    ends = [left for _name, _hebrew, left in COLUMNS[1:]] + [RIGHT]
    for (name, hebrew, left), end in zip(COLUMNS, ends, strict=True):
        _rule(draw, left, TABLE_TOP, left, LAST_LINE)
        _print(draw, name, (left + end) // 2, TABLE_TOP + 16, 13, middle=True)
        _print(draw, hebrew, (left + end) // 2, TABLE_TOP + 31, 10, middle=True)
    _rule(draw, RIGHT, TABLE_TOP, RIGHT, LAST_LINE)


def _print_foot(draw: ImageDraw.ImageDraw) -> None:
    line = LAST_LINE + 36
    _print(draw, "Total hours", 530, line, 14, end=True)
    _rule(draw, 542, line + 6, 652, line + 6)
    line = LAST_LINE + 84
    for label, x, start, end in (
        ("Employee", LEFT, 186, 440),
        ("Site manager", 530, 640, RIGHT),
    ):
        _print(draw, label, x, line, 14)
        _rule(draw, start, line + 6, end, line + 6)


def _rule(
    draw: ImageDraw.ImageDraw,
    left: float,
    top: float,
    right: float,
    bottom: float,
    width: int = 1,
    color: Color = RULE,
) -> None:
    line = [side * SCALE for side in (left, top, right, bottom)]
    draw.line(line, fill=color, width=round(width * SCALE))


def _print(
    draw: ImageDraw.ImageDraw,
    text: str,
    x: float,
    base: float,
    height: float,
    *,
    bold: bool = False,
    middle: bool = False,
    end: bool = False,
) -> None:
    """Draw printed text on a base line, from x, up to x (`end`) or centred on x (`middle`)."""
    x, base = x * SCALE, base * SCALE
    if text.isascii():
        font = ImageFont.load_default(height * SCALE)
        anchor = "ms" if middle else "rs" if end else "ls"
        weight = 1 if bold else 0
        draw.text((x, base), text, PRINT, font, anchor, stroke_width=weight)
        return
    # Pillow's own font would draw boxes.
    size = height * SCALE * 0.8
    hand = Hand.printing(PRINT, pen=size * (0.16 if bold else 0.12))
    length = hand.length(visual_order(text), size)
    start = x - length / 2 if middle else x - length if end else x
    hand.write(draw, text, (start, base), size)


def _photographed(
    sheet: Image.Image, rng: random.Random, size: tuple[int, int]
) -> Image.Image:
    """Return the sheet as a camera sees it, rotated and sheared a little about its middle."""
    turn = radians(rng.uniform(-1.6, 1.6))
    shear = rng.uniform(-0.008, 0.008)
    a, b = cos(turn), sin(turn) + shear
    d, e = -sin(turn), cos(turn)
    middle_x, middle_y = sheet.width / 2, sheet.height / 2
    c = middle_x - a * middle_x - b * middle_y
    f = middle_y - d * middle_x - e * middle_y
    # Nearest-neighbour sampling suffices, because four pixels become one, and is three times as fast.
    turned = sheet.transform(
        sheet.size,
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        Image.Resampling.NEAREST,
        fillcolor=DESK,
    )
    if size == SIZE:
        return turned.reduce(REDUCED)
    return turned.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _light(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """Return a layer of uneven light, camera noise and the fold across the paper."""
    coarse = (5, 7)
    bright, dim = rng.uniform(248, 255), rng.uniform(206, 232)
    lean_x, lean_y = rng.uniform(-1, 1), rng.uniform(-1, 1)
    reach = abs(lean_x) + abs(lean_y)
    spots = []
    for row in range(coarse[1]):
        for column in range(coarse[0]):
            away = lean_x * (column / 2 - 1) + lean_y * (row / 3 - 1)
            share = (away / reach + 1) / 2
            spots.append(bright - (bright - dim) * share + rng.gauss(0, 2))
    light = Image.new("L", coarse)
    light.putdata([max(0, min(255, round(spot))) for spot in spots])
    light = light.resize(size, Image.Resampling.BICUBIC)

    fold = size[1] * rng.uniform(0.48, 0.52)  # folded to fit a pocket
    lean = size[1] * rng.uniform(-0.006, 0.006)
    ends = size[0] * 0.05, size[0] * 0.95
    draw = ImageDraw.Draw(light)
    for below, shade in ((0, dim - 14), (2, bright)):
        line = [ends[0], fold + below, ends[1], fold + lean + below]
        draw.line(line, fill=round(shade), width=1)

    grain = Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))
    light = ImageChops.subtract(
        light, grain.point([value // 36 for value in range(256)])
    )
    # Warm: lamps have little blue light.
    tints = (1.0, 0.99, rng.uniform(0.94, 0.985))
    return Image.merge(
        "RGB",
        [light.point([round(value * tint) for value in range(256)]) for tint in tints],
    )
