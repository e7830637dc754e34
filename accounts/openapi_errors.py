"""OpenAPI descriptions of error responses."""

from drf_spectacular.utils import OpenApiResponse

from automatehq.api.openapi_examples import load_examples
from automatehq.api.schema import RefusalSerializer

_EXAMPLES = {example.name: example for example in load_examples("accounts", "errors")}


def error_response(description: str, *codes: str) -> OpenApiResponse:
    """Return the OpenAPI response of an error, with an example for each of `codes`."""
    examples = [_EXAMPLES[code] for code in codes]
    return OpenApiResponse(RefusalSerializer, description, examples)
