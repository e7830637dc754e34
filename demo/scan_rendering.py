"""Drawing the scans, in processes of their own: it is most of the work.

Imports nothing that needs Django to be set up, for those processes have none.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from io import BytesIO
from time import gmtime
from typing import NamedTuple, TypeAlias

from PIL import Image

from workcards.scans.validation import Intake, inspect

from .card_image import CardLine, render_card
from .seeded_random import dice
from .worker_pool import helpers

# Below this, processes of their own are not worth their start.
FEW = 8


class Sheet(NamedTuple):
    """What is on a card: the arguments of `render_card` that are written on it."""

    business_name: str
    site_name: str
    employee_name: str
    employee_number: str
    month: date
    days: list[CardLine]
    chance: str
    """The name of its handwriting and light."""


class Scan(NamedTuple):
    """A file as it comes in: one sheet a picture, several a PDF."""

    filename: str
    sheets: list[Sheet]


class RenderedScan(NamedTuple):
    intake: Intake
    data: bytes


# Gives the files of scans, in their order.
Drawing: TypeAlias = Callable[[Sequence[Scan]], Iterator[RenderedScan]]


@contextmanager
def drawing_together() -> Iterator[Drawing]:
    """A function that draws with the help of processes, which are started when there is enough to do."""
    with ExitStack() as stack:
        pools: list[ProcessPoolExecutor] = []

        def draw_all(scans: Sequence[Scan]) -> Iterator[RenderedScan]:
            if len(scans) < FEW:
                return map(draw, scans)
            if not pools:
                pools.append(stack.enter_context(helpers(with_django=False)))
            return pools[0].map(draw, scans, chunksize=4)

        yield draw_all


def draw(scan: Scan) -> RenderedScan:
    """The file of a scan, and what the intake says of it."""
    pictures = [_picture(sheet) for sheet in scan.sheets]
    data = pictures[0] if len(pictures) == 1 else _pdf(pictures)
    return RenderedScan(inspect(BytesIO(data), scan.filename), data)


def _picture(sheet: Sheet) -> bytes:
    written = sheet._asdict()
    return render_card(rng=dice(written.pop("chance")), **written)


def _pdf(pictures: list[bytes]) -> bytes:
    pages = [Image.open(BytesIO(picture)) for picture in pictures]
    output = BytesIO()
    # Always the same time in it, or the same cards would not be the same bytes.
    moment = gmtime(0)
    pages[0].save(
        output,
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=110,
        creationDate=moment,
        modDate=moment,
    )
    return output.getvalue()
