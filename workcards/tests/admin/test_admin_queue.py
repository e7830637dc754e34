"""The previous and next card, in the filter and order of the user's list."""

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.urls import reverse

from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient
from tests.api_helpers import queries
from workcards.models import WorkCard
from workcards.services import assign_card
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .review_pages import fresh, sheet, url_of

LIST = "/admin/workcards/workcard/"
NAMES = ("Ann", "Ben", "Cid", "Dan")


@pytest.fixture
def cards(acme: Personas) -> dict[str, WorkCard]:
    """Return cards to review: one for each name at a site, and Zoe's at another.

    Each card has a day.
    """
    found = {}
    with acme.scope():
        harbour = SiteFactory(site_name="Harbour")
        for name in ("Cid", "Ann", "Dan", "Ben", "Zoe"):
            site = SiteFactory(site_name="Tower") if name == "Zoe" else harbour
            employee = EmployeeFactory(full_name=f"{name} Example", site=site)
            found[name] = WorkCardFactory(employee=employee, site=site)
            DayEntryFactory(work_card=found[name], work_date=MONTH)
    return found


def came_from(card: WorkCard, query: str) -> str:
    """Return the address of a card's page as the list with `query` links to it."""
    return f"{url_of(card)}?{urlencode({'_changelist_filters': query})}"


def by_name(cards: dict[str, WorkCard], *, downwards: bool = False) -> str:
    """Return the query string of Harbour's list, ordered by employee."""
    requested = {
        "site__id__exact": cards["Ann"].site_id,
        "o": "-3" if downwards else "3",
    }
    return urlencode(requested)


def around(client: AdminClient, path: str) -> tuple[Any, Any, int, int]:
    queue = client.get(path).context["queue"]
    return queue.previous_id, queue.next_id, queue.position, queue.total


@pytest.mark.parametrize("downwards", [False, True])
def test_the_queue_has_the_filter_and_order_of_the_list(
    client: AdminClient, cards: dict[str, WorkCard], downwards: bool
) -> None:
    query = by_name(cards, downwards=downwards)
    order = NAMES[::-1] if downwards else NAMES
    shown = client.get(f"{LIST}?{query}").context["cl"].result_list
    assert [row.pk for row in shown] == [cards[name].pk for name in order]
    for at, name in enumerate(order):
        before, after = order[at - 1], order[(at + 1) % 4]
        assert around(client, came_from(cards[name], query)) == (
            cards[before].pk,
            cards[after].pk,
            at + 1,
            4,
        )


def test_every_link_and_answer_keeps_the_list(
    client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    query = by_name(cards)
    path = came_from(cards["Ann"], query)
    html = " ".join(client.get(path).content.decode().split())
    assert f'href="{came_from(cards["Ben"], query)}" data-next-card' in html
    assert f'href="{LIST}?{query.replace("&", "&amp;")}"' in html
    for verb in re.findall(
        r'(?:href|action)="([^"]+/(?:reject|edit|assign)/[^"]*)"', html
    ):
        requested = parse_qs(urlsplit(verb.replace("&amp;", "&")).query)
        assert requested["_changelist_filters"] == [query], verb
    saved = client.send(path, sheet(cards["Ann"], {1: {"total_hours": "4"}}))
    assert saved["Location"] == path
    version = fresh(cards["Ann"]).version
    url = f"{url_of(cards['Ann'], 'reject')}?{path.partition('?')[2]}"
    rejected = client.send(url, {"reason": "blurred", "version": version})
    assert rejected["Location"] == path
    searched = client.send(path, {"_search": "1", "q": "Zoe"})["Location"]
    assert parse_qs(urlsplit(searched).query) == {
        "q": ["Zoe"],
        "_changelist_filters": [query],
    }


def test_approving_leads_on_through_the_list(
    client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    query = by_name(cards)
    path, visited = came_from(cards["Ben"], query), []
    for _ in range(4):
        name = next(name for name in NAMES if str(cards[name].pk) in path)
        visited.append(name)
        body = sheet(cards[name], {1: {"total_hours": "4"}}, _approve="1")
        path = client.send(path, body)["Location"]
    # After the last card of the list comes the first.
    assert visited == ["Ben", "Cid", "Dan", "Ann"]
    assert path == came_from(cards["Ann"], query)


def test_a_search_is_kept_and_other_statuses_are_left_out(
    acme: Personas, client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    with acme.scope():
        WorkCardFactory(approved=True, employee=cards["Zoe"].employee)
    assert around(client, came_from(cards["Zoe"], "q=Zoe"))[2:] == (1, 1)
    # The queue follows a list of one status unchanged, for any status.
    query = "q=Zoe&review_status__exact=APPROVED"
    with acme.scope():
        (approved,) = WorkCard.objects.filter(review_status="APPROVED")
    assert around(client, came_from(approved, query))[2:] == (1, 1)
    assert around(client, came_from(cards["Zoe"], query)) == (
        approved.pk,
        approved.pk,
        0,
        1,
    )


def test_a_card_that_has_left_the_list_keeps_its_place(
    acme: Personas, client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    with acme.scope():
        lost = [WorkCardFactory(unassigned=True) for _ in range(3)]
        assign_card(card_id=lost[1].pk, employee=EmployeeFactory(), actor=acme.admin)
    query = "review_status__exact=NEEDS_ASSIGNMENT"
    # The newest is first.
    assert around(client, came_from(lost[1], query)) == (lost[2].pk, lost[0].pk, 0, 2)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "business__id__exact=1",
        "employee__passport_id__startswith=A",
        "month=never",
        "site__id__exact=nonsense",
        "q=%00",
        "x" * 5000,
    ],
)
def test_a_list_that_cannot_be_read_gives_the_month(
    client: AdminClient, cards: dict[str, WorkCard], query: str
) -> None:
    newest, oldest = cards["Zoe"].pk, cards["Cid"].pk
    assert around(client, came_from(cards["Ben"], query)) == (
        newest,
        cards["Dan"].pk,
        2,
        5,
    )
    assert around(client, came_from(cards["Zoe"], query))[0] == oldest


def test_another_business_is_not_in_any_list(
    globex: Personas, client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    with globex.scope():
        theirs = WorkCardFactory(site=cards["Ann"].site)
        site = SiteFactory()
        WorkCardFactory(site=site)
    assert around(client, came_from(cards["Ann"], by_name(cards)))[3] == 4
    for query in (
        f"site__id__exact={site.pk}",
        f"id__exact={theirs.pk}",
        f"business__id__exact={globex.id}",
        "q=unmatched",
    ):
        page = client.get(came_from(cards["Ann"], query))
        assert page.status_code == 200
        queue = page.context["queue"]
        assert theirs.pk not in (queue.previous_id, queue.next_id)
        assert queue.total in (0, 5)


def test_the_list_costs_few_queries(
    acme: Personas, client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    path = came_from(cards["Ann"], by_name(cards))
    few = queries(lambda: client.get(path))
    assert few <= 8
    with acme.scope():
        for _ in range(5):
            WorkCardFactory(site=cards["Ann"].site)
    assert queries(lambda: client.get(path)) == few
    gone = came_from(cards["Ann"], "review_status__exact=NEEDS_ASSIGNMENT")
    assert queries(lambda: client.get(gone)) <= 9


def test_the_list_links_to_cards_with_its_query(
    client: AdminClient, cards: dict[str, WorkCard]
) -> None:
    html = client.get(f"{LIST}?{by_name(cards)}").content.decode()
    assert f'href="{came_from(cards["Ben"], by_name(cards))}"' in html
    assert reverse("admin:workcards_workcard_changelist") == LIST
