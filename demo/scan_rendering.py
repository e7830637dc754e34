"""Rendering of scans in worker processes, which takes most of the time.

Imports nothing that needs Django's setup, which the processes lack.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from io import BytesIO
from time import gmtime
from typing import NamedTuple, TypeAlias

from PIL import Image

from workcards.scans.decoder import decoder_process
from workcards.scans.validation import ScanInfo, kind_of, scan_info_of

from .card_image import CardLine, render_card
from .seeded_random import rng_for
from .worker_pool import process_pool

# The minimum number of scans for which worker processes are worth their start.
FEW = 8


class Sheet(NamedTuple):
    """The content of a card: the arguments of `render_card` that are written on it."""

    business_name: str
    site_name: str
    employee_name: str
    employee_number: str
    month: date
    days: list[CardLine]
    chance: str
    """The name of its handwriting and light."""


class Scan(NamedTuple):
    """A file to render: an image of one sheet, or a PDF of several."""

    filename: str
    sheets: list[Sheet]


class RenderedScan(NamedTuple):
    intake: ScanInfo
    data: bytes


# Renders scans and returns their files in the same order.
Renderer: TypeAlias = Callable[[Sequence[Scan]], Iterator[RenderedScan]]


@contextmanager
def render_pool() -> Iterator[Renderer]:
    """Yield a function that renders scans; it starts processes when there are many scans."""
    with ExitStack() as stack:
        pools: list[ProcessPoolExecutor] = []

        def render_all(scans: Sequence[Scan]) -> Iterator[RenderedScan]:
            if len(scans) < FEW:
                return map(render, scans)
            if not pools:
                pools.append(stack.enter_context(process_pool(with_django=False)))
            return pools[0].map(render, scans, chunksize=4)

        yield render_all


def render(scan: Scan) -> RenderedScan:
    """Return the file of a scan with the metadata that the scan validation finds."""
    pictures = [_picture(sheet) for sheet in scan.sheets]
    data = pictures[0] if len(pictures) == 1 else _pdf(pictures)
    # Like `inspect`, but in this process: the picture is no stranger's.
    kind = kind_of(data)
    sizes = decoder_process.page_sizes(data, kind.decoder)
    return RenderedScan(scan_info_of(data, kind, scan.filename, sizes), data)


def _picture(sheet: Sheet) -> bytes:
    written = sheet._asdict()
    return render_card(rng=rng_for(written.pop("chance")), **written)


def _pdf(pictures: list[bytes]) -> bytes:
    pages = [Image.open(BytesIO(picture)) for picture in pictures]
    output = BytesIO()
    # A constant time in the PDF, so that the same cards give the same bytes.
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
