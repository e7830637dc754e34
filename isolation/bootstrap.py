"""Start the installation for the fault checks, and create its two businesses."""

from collections.abc import Iterator
from contextlib import contextmanager

from .deployment import SUPER_ADMIN, Deployment, wait_until
from .faults.load import PASSWORD, LoadBusiness, LoadClient, LoadRecord

EXPORTED_MONTH = "2026-01"
EXPORTED_PEOPLE = 40

# Placeholders for requests that belong to no business: for the schema, or as the super-admin.
NO_BUSINESS = (
    LoadBusiness("no id", "no business", "no canary", "", ""),
    LoadBusiness("no id", "no business", "no canary", "", ""),
)


@contextmanager
def running_deployment(
    deployment: Deployment, *, through_pgbouncer: bool
) -> Iterator[None]:
    deployment.serve(through_pgbouncer=through_pgbouncer)
    try:
        client = LoadClient(deployment.address, NO_BUSINESS, LoadRecord())
        wait_until(
            lambda: _responds(client),
            "the web server",
        )
        client.session.close()
        yield
    finally:
        deployment.stop()


def _responds(client: LoadClient) -> bool:
    response = client.send(NO_BUSINESS[0], "GET", "schema")
    return response is not None and response.ok


def make_businesses(
    deployment: Deployment, record: LoadRecord
) -> tuple[LoadBusiness, LoadBusiness]:
    """Create two businesses through the API, as a super-admin does.

    Each has an administrator, access to one site, and a month to export.
    """
    root = LoadClient(deployment.address, NO_BUSINESS, record)
    email, password = SUPER_ADMIN
    platform = NO_BUSINESS[0]
    signed_in = root.send_until_success(
        platform, "POST", "auth/login", json={"email": email, "password": password}
    )
    platform.token = signed_in["access"]
    site = root.send_until_success(
        platform, "POST", "sites", json={"site_name": "Harbour"}
    )["id"]
    businesses = []
    for name, canary in (("Acme", "Quetzal"), ("Globex", "Unicorn")):
        address = f"admin@{name.lower()}.example.com"
        body = {
            "business_name": name,
            "admin": {"email": address, "full_name": name, "password": PASSWORD},
        }
        business = root.send_until_success(platform, "POST", "businesses", json=body)
        businesses.append(LoadBusiness(business["id"], name, canary, address, site))
    both = (businesses[0], businesses[1])
    client = LoadClient(deployment.address, both, record)
    for business in both:
        client.sign_in(business)
        _month_to_export(client, business)
    root.session.close()
    client.session.close()
    return both


def _month_to_export(client: LoadClient, business: LoadBusiness) -> None:
    days = [
        {"work_date": f"{EXPORTED_MONTH}-{day:02}", "total_hours": "8.00"}
        for day in range(1, 32)
    ]
    for number in range(EXPORTED_PEOPLE if business.name == "Acme" else 1):
        employee_body = {"full_name": f"Worker {number}", "site_id": business.site_id}
        employee = client.send_until_success(
            business, "POST", "employees", json=employee_body
        )
        card_body = {
            "site_id": business.site_id,
            "employee_id": employee["id"],
            "processing_month": EXPORTED_MONTH,
        }
        card = client.send_until_success(business, "POST", "work_cards", json=card_body)
        path = f"work_cards/{card['id']}"
        saved = client.send_until_success(
            business,
            "PUT",
            f"{path}/day-entries",
            json={"version": card["version"], "entries": days},
        )
        version = {"version": saved["version"]}
        client.send_until_success(business, "POST", f"{path}/approve", json=version)
