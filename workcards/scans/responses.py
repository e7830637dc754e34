"""HTTP responses with scans, for the API and the admin."""

from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag
from django.utils.translation import gettext as _

from automatehq.api.errors import Missing
from workcards.models import WorkCard

from . import renditions
from .scan_types import FILE_TYPES, clean_filename
from .storage import read_display, read_original

RENDITIONS = ("original", "display")
# Old files may carry any type, from before types were detected by content.
_SCAN_TYPES = {kind.mime_type for kind in FILE_TYPES}
_ANY_TYPE = "application/octet-stream"


def scan_response(
    request: HttpRequest, card: WorkCard, rendition: str
) -> HttpResponseBase:
    """Return the scan of `card`: the original, or an upright, small JPEG for `display`.

    The response is 304 if the client has the scan already. The caller must have checked permission. Raises `Missing`:
    `no_file`, `file_missing`, `not_displayable`.
    """
    file = card.file
    if file is None:
        raise Missing("no_file", _("This card was created without a scan."))
    # The bytes of a file never change, so its id identifies them.
    etag = quote_etag(f"{file.pk.hex}-{rendition}-{card.page}")
    # The client may cache the scan but revalidates each time, so that a lost permission takes effect at once.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = get_conditional_response(request, etag=etag)
    if known is not None:
        for name, value in headers.items():
            known[name] = value
        return known
    if rendition == "display":
        data, mime_type = read_display(file, card.page), renditions.MIME_TYPE
    else:
        data = read_original(file)
        mime_type = card.mime_type if card.mime_type in _SCAN_TYPES else _ANY_TYPE
    response = HttpResponse(data, content_type=mime_type, headers=headers)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = _disposition(card, rendition)
    return response


def _disposition(card: WorkCard, rendition: str) -> str:
    name = clean_filename(card.original_filename)
    is_shown = rendition == "display"
    if is_shown:
        name = f"{name.rpartition('.')[0] or name}.jpg"
    return str(content_disposition_header(not is_shown, name))
