"""The main program of the decoder, which reads a file from stdin.

Arguments are the decoder, and `page_sizes`, or `page` and a number. Output is JSON `[[width, height], …]`, or a line
`width height` and the page as a JPEG. Exit status 3 means that the file is rejected; stdout has the code.
"""

import json
import sys

from PIL import Image

from automatehq.process_limits import limit_resources

from .decoder_limits import (
    EXIT_INVALID,
    MAX_CPU_SECONDS,
    MAX_MEMORY_BYTES,
    RejectedScan,
)

PDF = "PDF"
QUALITY = 82


def main(decoder: str, task: str, number: str = "1") -> int:
    limit_resources(memory_bytes=MAX_MEMORY_BYTES, cpu_seconds=MAX_CPU_SECONDS)
    data = sys.stdin.buffer.read()
    try:
        if task == "sizes":
            sys.stdout.write(json.dumps(page_sizes(data, decoder)))
        else:
            _write(_render_page(data, decoder, int(number)))
    except RejectedScan as error:
        sys.stdout.write(str(error))
        return EXIT_INVALID
    return 0


def page_sizes(data: bytes, decoder: str) -> list[tuple[int, int]]:
    """Return width and height of each page's display rendition. Raises `RejectedScan`."""
    if decoder == PDF:
        from . import pdfs  # noqa: PLC0415 -- a picture need not wait for it

        return pdfs.page_sizes(data)
    from . import images  # noqa: PLC0415 -- likewise

    return list(images.page_sizes(data, decoder))


def _render_page(data: bytes, decoder: str, number: int) -> Image.Image:
    if decoder == PDF:
        from . import pdfs  # noqa: PLC0415 -- a picture need not wait for it

        return pdfs.render_page(data, number)
    from . import images  # noqa: PLC0415 -- likewise

    return images.render_page(data, decoder, number)


def _write(picture: Image.Image) -> None:
    picture.info.clear()  # Pillow would write the comment of the original
    output = sys.stdout.buffer
    output.write(b"%d %d\n" % picture.size)
    picture.save(output, "JPEG", quality=QUALITY, progressive=True)
