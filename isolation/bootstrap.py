"""Start the installation for the fault checks, and create its two businesses."""

from collections.abc import Iterator
from contextlib import contextmanager

from .deployment import SUPER_ADMIN, Stage, wait_until
from .faults.load import PASSWORD, Business, Client, Watch

EXPORTED_MONTH = "2026-01"
EXPORTED_PEOPLE = 40

# Placeholders for requests that belong to no business: for the schema, or as the super-admin.
NOBODY = (
    Business("no id", "nobody", "no canary", "", ""),
    Business("no id", "nobody", "no canary", "", ""),
)


@contextmanager
def serving(stage: Stage, *, through_pgbouncer: bool) -> Iterator[None]:
    stage.serve(through_pgbouncer=through_pgbouncer)
    try:
        client = Client(stage.address, NOBODY, Watch())
        wait_until(
            lambda: _answers(client),
            "the web server",
        )
        client.session.close()
        yield
    finally:
        stage.leave()


def _answers(client: Client) -> bool:
    answer = client.ask(NOBODY[0], "GET", "schema")
    return answer is not None and answer.ok


def make_businesses(stage: Stage, watch: Watch) -> tuple[Business, Business]:
    """Create two businesses through the API, as a super-admin does.

    Each has an administrator, access to one site, and a month to export.
    """
    root = Client(stage.address, NOBODY, watch)
    email, password = SUPER_ADMIN
    platform = NOBODY[0]
    signed_in = root.must(
        platform, "POST", "auth/login", json={"email": email, "password": password}
    )
    platform.token = signed_in["access"]
    site = root.must(platform, "POST", "sites", json={"site_name": "Harbour"})["id"]
    made = []
    for name, canary in (("Acme", "Quetzal"), ("Globex", "Unicorn")):
        address = f"admin@{name.lower()}.example.com"
        body = {
            "business_name": name,
            "admin": {"email": address, "full_name": name, "password": PASSWORD},
        }
        business = root.must(platform, "POST", "businesses", json=body)
        made.append(Business(business["id"], name, canary, address, site))
    both = (made[0], made[1])
    client = Client(stage.address, both, watch)
    for business in both:
        client.sign_in(business)
        _month_to_export(client, business)
    root.session.close()
    client.session.close()
    return both


def _month_to_export(client: Client, business: Business) -> None:
    days = [
        {"work_date": f"{EXPORTED_MONTH}-{day:02}", "total_hours": "8.00"}
        for day in range(1, 32)
    ]
    for number in range(EXPORTED_PEOPLE if business.name == "Acme" else 1):
        person = {"full_name": f"Worker {number}", "site_id": business.site_id}
        employee = client.must(business, "POST", "employees", json=person)
        new = {
            "site_id": business.site_id,
            "employee_id": employee["id"],
            "processing_month": EXPORTED_MONTH,
        }
        card = client.must(business, "POST", "work_cards", json=new)
        path = f"work_cards/{card['id']}"
        said = client.must(
            business,
            "PUT",
            f"{path}/day-entries",
            json={"version": card["version"], "entries": days},
        )
        version = {"version": said["version"]}
        client.must(business, "POST", f"{path}/approve", json=version)
