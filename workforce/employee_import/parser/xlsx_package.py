"""The zip of a workbook: its parts by name, and the relations between them.

Names are compared without regard to case, slashes may lean either way, and targets may be absolute, as in the files
that spreadsheet programs open. Only the needed parts are unpacked.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote
from xml.parsers import expat

from . import rejected_types
from .parser_limits import MAX_PART_BYTES, RejectedFile

CHUNK = 256 * 1024
OnElement = Callable[[str, dict[str, str]], None]


@contextmanager
def damage() -> Iterator[None]:
    """Convert the errors of zip and XML into a `RejectedFile`: damaged, or not supported."""
    try:
        yield
    except NotImplementedError as error:  # a compression or version that Python lacks
        raise RejectedFile("unsupported_type", type="zip_method") from error
    except RuntimeError as error:  # a password
        raise RejectedFile("file_encrypted") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        ValueError,
        OverflowError,
        OSError,
    ) as error:
        raise RejectedFile("damaged_file") from error


def new_parser() -> expat.XMLParserType:
    """Return a parser that rejects document types.

    A document can therefore define no entities.
    """
    parser = expat.ParserCreate()

    def reject(*_declaration: Any) -> None:
        raise RejectedFile("damaged_file")

    parser.StartDoctypeDeclHandler = reject
    return parser


def feed(parser: expat.XMLParserType, chunks: Iterable[bytes]) -> None:
    """Parse a document that arrives in pieces."""
    for chunk in chunks:
        parser.Parse(chunk)
    parser.Parse(b"", True)  # noqa: FBT003 -- expat's own signature


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a part."""
    return iter(partial(stream.read, CHUNK), b"")


def local(name: str) -> str:
    """Return a name without its namespace prefix: `row` for `x:row`."""
    return name.rpartition(":")[2]


class Package:
    """A zip and its parts."""

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(BytesIO(data))
        self._parts = {
            _plain(info.filename): info
            for info in self._zip.infolist()
            if not info.is_dir()
        }
        if any(info.flag_bits & 1 for info in self._parts.values()):
            raise RejectedFile("file_encrypted")

    def open(self, name: str) -> IO[bytes]:
        """Open a part as a stream. Raises `BadZipFile` if no part has this name."""
        info = self._parts.get(_plain(name))
        if info is None:
            raise zipfile.BadZipFile(f"There is no part {name}.")
        return self._zip.open(info)

    def read(self, name: str) -> bytes:
        """Return a whole part.

        Raises `RejectedFile` `file_too_complex` if it is larger than any real workbook's.
        """
        with self.open(name) as part:
            data = part.read(MAX_PART_BYTES + 1)
        if len(data) > MAX_PART_BYTES:
            raise RejectedFile("file_too_complex")
        return data

    def has(self, name: str) -> bool:
        return _plain(name) in self._parts

    def walk(self, name: str, on_element: OnElement) -> None:
        """Call `on_element` with the name and attributes of each element of a part.

        Prefixes are removed from element names only.
        """
        parser = new_parser()
        parser.StartElementHandler = lambda tag, attrs: on_element(local(tag), attrs)
        feed(parser, [self.read(name)])

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Return the relations of a part: id → the last word of the relation's type, and the part's name."""
        folder, file = posixpath.split(name)
        relations: dict[str, tuple[str, str]] = {}

        def on_element(tag: str, attrs: dict[str, str]) -> None:
            if tag != "Relationship" or attrs.get("TargetMode") == "External":
                return
            target = attrs.get("Target", "").replace("\\", "/")
            if not target.startswith("/") and not self.has(
                posixpath.normpath(f"{folder}/{target}")
            ):
                target = unquote(target)
            kind = attrs.get("Type", "").rpartition("/")[2]
            path = posixpath.normpath(posixpath.join("/", folder, target))
            relations[attrs.get("Id", "")] = (kind, path)

        rels = posixpath.join(folder, "_rels", f"{file}.rels")
        if self.has(rels):
            self.walk(rels, on_element)
        return relations

    def workbook(self) -> str:
        """Return the name of the workbook's part. Raises `RejectedFile` for a zip without a workbook."""
        targets = [
            path for kind, path in self.related("").values() if kind == "officeDocument"
        ]
        for path in (*targets, "xl/workbook.xml"):
            if self.has(path) and path.casefold().endswith(".xml"):
                if "/word/" in path or "/ppt/" in path:
                    break
                return path
        mimetype = ""
        if self.has("mimetype"):
            mimetype = self.read("mimetype")[:100].decode("ascii", "replace").strip()
        error = rejected_types.zip_error(self._parts.keys(), mimetype)
        if targets and error.values["type"] == "archive":
            raise zipfile.BadZipFile("The workbook's part is missing.")
        raise error


def _plain(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").casefold()
