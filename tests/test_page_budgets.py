"""The budget of every admin page: 8 queries, and 200 kB with an empty cache.

The bytes are those on the wire. The pages come from the registry, so that a new page is counted too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas

from .admin_clients import AdminClient, admin_client_for
from .admin_rows import CANARY
from .api_helpers import queries
from .browsers import chromium, look_uncached, needs_browser, served
from .test_accessibility import is_there, kinds_of_pages
from .test_admin_pages import pages_of

MOST_QUERIES = 8
MOST_BYTES = 200_000


@pytest.fixture
def client_of(acme: Personas, super_admin: User, request: Any) -> AdminClient:
    if request.param == "administrator":
        return admin_client_for(acme.admin)
    acting_for = acme.business if request.param == "acting" else None
    return admin_client_for(super_admin, acting_for=acting_for)


@pytest.mark.crawl
@pytest.mark.parametrize(
    "client_of", ["administrator", "acting", "platform"], indirect=True
)
def test_no_page_costs_more_than_8_queries(
    rows_of_acme: dict[str, Any], client_of: AdminClient
) -> None:
    """The number of rows makes no difference: see the lists in `test_admin_pages.py`."""
    costs = {}
    for path in pages_of(rows_of_acme):
        if client_of.get(path).status_code == 200:
            costs[path] = queries(lambda path=path: client_of.get(path))
    assert len(costs) > 15
    assert {path: n for path, n in costs.items() if n > MOST_QUERIES} == {}


@pytest.mark.parametrize(
    "client_of", ["administrator", "acting", "platform"], indirect=True
)
@pytest.mark.parametrize("page", ["month", "missing_cards"])
def test_filters_of_a_report_cost_no_more_queries(
    rows_of_acme: dict[str, Any], client_of: AdminClient, page: str
) -> None:
    query = {"month": "2026-06", "site": rows_of_acme["workforce.employee"].site_id}
    if page == "month":
        query |= {"name": "John", "approved_only": "on"}
    else:
        query["complete"] = "on"
    if client_of.business_id is None:
        query["business"] = rows_of_acme["businesses.business"].pk
    path = f"{reverse(f'admin:{page}')}?{urlencode(query)}"
    assert "John" in client_of.get(path).content.decode()
    assert queries(lambda: client_of.get(path)) <= MOST_QUERIES


@pytest.mark.parametrize(
    "client_of", ["administrator", "acting", "platform"], indirect=True
)
def test_a_search_through_all_lists_costs_no_more_queries(
    rows_of_acme: dict[str, Any], client_of: AdminClient
) -> None:
    query = "Acme" if client_of.business_id is None else CANARY
    path = f"{reverse('admin:find')}?q={query}"
    assert len(client_of.get(path).context["results"]) > 1
    assert queries(lambda: client_of.get(path)) <= MOST_QUERIES


def production_files(folder: Path) -> override_settings:
    """Return settings under which WhiteNoise sends the compressed files in `folder`."""
    return override_settings(
        STATIC_ROOT=str(folder),
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {
                "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
            },
        },
        WHITENOISE_AUTOREFRESH=False,
        WHITENOISE_USE_FINDERS=False,
        ALLOWED_HOSTS=["127.0.0.1", "testserver"],
    )


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collect and compress the static files once; return their folder."""
    folder = tmp_path_factory.mktemp("static")
    with production_files(folder):
        call_command(
            "collectstatic",
            verbosity=0,
            interactive=False,
            ignore_patterns=["drf_spectacular_sidecar", "rest", "gis"],
        )
    return folder


@pytest.fixture
def as_in_production(transactional_db: None, collected: Path) -> Iterator[str]:
    """Yield the address of a server that sends the collected files."""
    # Without Django's own static files handler, which would send the source files.
    with production_files(collected), served(lambda inner: inner) as url:
        yield url


# Each test takes a part of the pages, so that the workers share the crawl.
PARTS = 3


@pytest.mark.crawl
@pytest.mark.parametrize(
    "client_of", [pytest.param("acting", marks=needs_browser)], indirect=True
)
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_no_page_sends_more_than_200_kilobytes(
    as_in_production: str,
    rows_of_acme: dict[str, Any],
    client_of: AdminClient,
    part: int,
) -> None:
    paths = [
        path
        for path in kinds_of_pages(rows_of_acme)
        if "login" not in path and is_there(client_of, path)
    ]
    session_id = client_of.cookies["sessionid"].value
    assert len(paths) > 15
    with chromium() as browser:
        looks = {
            path: look_uncached(browser, as_in_production, session_id, path)
            for path in paths[part - 1 :: PARTS]
        }
    assert {
        path: (look.size, look.largest)
        for path, look in looks.items()
        if not 1000 < look.size <= MOST_BYTES
    } == {}
