"""Sample scans, valid and hostile, created on demand."""

import zlib
from io import BytesIO
from struct import pack

import pillow_heif
from PIL import ExifTags, Image

# For creating files; the code under test registers it in its own process.
pillow_heif.register_heif_opener()

PICTURE_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
}


def picture(width=300, height=200, mode="RGB"):
    """Return a white image whose top left corner is red, which shows its orientation."""
    paper = Image.new("RGB", (width, height), "white")
    paper.paste((255, 0, 0), (0, 0, width // 4, height // 4))
    return paper.convert(mode)


def encoded(image, pillow_format, **options):
    output = BytesIO()
    image.save(output, pillow_format, **options)
    return output.getvalue()


def scan(mime_type="image/jpeg", **size):
    """Return a small valid file of that type."""
    return encoded(picture(**size), PICTURE_FORMATS.get(mime_type, "PDF"))


def pages(count, pillow_format, image=None):
    """Return a file of several pages."""
    image = image or picture()
    return encoded(
        image, pillow_format, save_all=True, append_images=[image] * (count - 1)
    )


def held(orientation):
    """Return EXIF data with the camera's orientation and a private field."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "SECRET-CAMERA"
    return exif


def png_claiming(width, height):
    """Return a PNG whose header declares this size, with almost no pixel data."""

    def chunk(name, data):
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def pdf(*objects):
    """Return a PDF of these objects, numbered from 1; the first is the catalog."""
    output = BytesIO()
    output.write(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(output.tell())
        output.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    table_at = output.tell()
    output.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        output.write(b"%010d 00000 n \n" % offset)
    output.write(
        b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table_at)
    )
    return output.getvalue()


def stream(content, entries=b""):
    """Return a stream object."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(content), content)


def pdf_page(
    *objects, content=b"", resources=b"", page=b"", catalog=b"", box=b"595 842"
):
    """Return a PDF of one page; `objects` are numbered from 5."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R%b>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %b]/Resources<<%b>>/Contents 4 0 R%b>>"
        % (box, resources, page),
        stream(content),
        *objects,
    )


def form(content, resources=b""):
    """Return a form object, which a page or another form can draw."""
    return stream(
        content,
        b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<<%b>>" % resources,
    )


def huge_pdf_picture(side=30_000):
    """Return an image for a PDF: a thousand bytes that unpack to gigabytes."""
    return stream(
        zlib.compress(b"\0" * 1000),
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB"
        b"/BitsPerComponent 8/Filter/FlateDecode" % (side, side),
    )


def pdf_of_a_billion_drawings(depth=9):
    """Return a PDF in which each form draws the next form ten times."""
    drawings = [
        form(b"/F Do " * 10, b"/XObject<</F %d 0 R>>" % (6 + level))
        for level in range(depth)
    ]
    return pdf_page(
        *drawings,
        form(b"0 0 1 1 re f"),
        content=b"/F Do",
        resources=b"/XObject<</F 5 0 R>>",
    )


def pdf_with_password(password):
    """Return an empty page that opens only with the password.

    It is encrypted with RC4 of 40 bits, as in PDF 1.4.
    """
    from hashlib import md5

    padding = bytes.fromhex(
        "28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A"
    )
    padded = (password.encode() + padding)[:32]
    owner = _rc4(md5(padded).digest()[:5], padded)
    key = md5(padded + owner + pack("<i", -4) + b"0123456789abcdef").digest()[:5]
    encrypt = b"<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P -4>>" % (
        owner.hex().encode(),
        _rc4(key, padding).hex().encode(),
    )
    identifier = b"0123456789abcdef".hex().encode()
    return pdf_page(encrypt).replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R/Encrypt 5 0 R/ID[<%b><%b>]" % (identifier, identifier),
    )


def _rc4(key, data):
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    output = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        output.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(output)


def jpeg_of_many_scans(count, side=7_000):
    """Return a small JPEG of `count` scans without changes.

    A decoder visits every block for each scan.
    """
    data = encoded(Image.new("L", (side, side), 255), "JPEG", progressive=True)
    # The first scan, a table with one word (a run of 16,384 blocks or more), and scans made of it.
    first = data.index(b"\xff\xda")
    end = min(
        at
        for mark in (b"\xff\xc4", b"\xff\xda")
        if (at := data.find(mark, first + 2)) > 0
    )
    table = b"\xff\xc4" + pack(">HB", 20, 0x10) + b"\1" + b"\0" * 15 + b"\xe0"
    blocks = (side // 8 + 1) ** 2
    bits = ""
    while blocks > 0:
        run = min(max(blocks, 16_384), 32_767)
        bits += "0" + format(run - 16_384, "014b")
        blocks -= run
    bits += "1" * (-len(bits) % 8)
    word = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    again = b"\xff\xda" + pack(">HBBBBBB", 8, 1, 1, 0, 1, 1, 0) + word
    return data[:end] + table + again * count + b"\xff\xd9"
