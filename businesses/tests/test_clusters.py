"""Tests of the roles and logins of a PostgreSQL server, on private servers."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from pytest_django import DjangoDbBlocker

from businesses.tenancy.database_roles import check_database_roles
from businesses.tenancy.verification import failed_preconditions, verify_database

from .clusters import (
    Cluster,
    Done,
    in_process,
    manage,
    migrated_server,
    own_cluster,
    start_process,
)

pytestmark = pytest.mark.cluster

PRODUCTION = {"DEBUG": "0", "SECRET_KEY": "s" * 50, "ALLOWED_HOSTS": "example.com"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Yield a server whose database `automatehq` is migrated and has no faults."""
    with own_cluster(migrated_server()) as cluster:
        yield cluster


def make_login(cluster: Cluster, name: str, *, by: str = "") -> str:
    """Create a login and a database of that name and return the address.

    The creating role is `by`, or the superuser.
    """
    cluster.run(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'", url=by)
    if by:
        cluster.run(f"GRANT {name} TO CURRENT_USER", url=by)
    cluster.run(f"CREATE DATABASE {name} OWNER {name}", url=by)
    return cluster.url_of(name, name)


def tables_in(cluster: Cluster, url: str) -> list[tuple[str]]:
    return cluster.run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        url=url,
    )


# Setting up


def test_migrate_stops_before_its_first_step_with_the_sql_to_run(
    cluster: Cluster,
) -> None:
    url = make_login(cluster, "beginner")
    failed = manage("migrate", url=url)
    assert failed.code == 1
    assert "tenancy.E101" in failed.printed
    assert "The role beginner_tenant does not exist." in failed.printed
    assert 'CREATE ROLE "beginner_platform" NOLOGIN' in failed.printed
    assert tables_in(cluster, url) == []

    reported = manage("tenancy_roles", url=url)
    assert reported.code == 1
    assert "The role beginner_platform does not exist." in reported.printed

    cluster.run("CREATE ROLE beginner_tenant; CREATE ROLE beginner_platform")
    reported = manage("tenancy_roles", url=url)
    assert "The login is not a member of beginner_tenant." in reported.printed

    sql = manage("tenancy_roles", "--sql", url=url)
    assert sql.code == 0
    cluster.run(sql.printed)
    cluster.run(sql.printed)  # again: it changes nothing
    assert manage("tenancy_roles", url=url).code == 0


def test_an_administrator_without_superuser_sets_up_a_managed_server(
    cluster: Cluster,
) -> None:
    cluster.run("CREATE ROLE dba LOGIN PASSWORD 'dba' CREATEROLE CREATEDB")
    dba = cluster.url_of("dba", "postgres")
    url = make_login(cluster, "managed", by=dba)
    cluster.run(manage("tenancy_roles", "--sql", url=url).printed, url=dba)
    migrated = manage("migrate", url=url)
    assert migrated.code == 0, migrated.printed
    proof = manage("tenancy_proof", url=url)
    assert proof.code == 0, proof.printed


def test_databases_can_be_set_up_at_the_same_time(cluster: Cluster) -> None:
    cluster.run("CREATE ROLE parallel LOGIN PASSWORD 'parallel'")
    urls = []
    for number in range(3):
        cluster.run(f"CREATE DATABASE parallel_{number} OWNER parallel")
        urls.append(cluster.url_of("parallel", f"parallel_{number}"))
    sql = manage("tenancy_roles", "--sql", url=urls[0]).printed
    code = "import os, sys, psycopg2; c = psycopg2.connect(os.environ['ADMIN_URL']); c.autocommit = True; c.cursor().execute(sys.argv[1])"
    administrators = [
        start_process("-c", code, sql, url=url, ADMIN_URL=cluster.superuser_url)
        for url in urls
    ]
    for administrator in administrators:
        done = administrator.finish()
        assert done.code == 0, done.printed
    for migration in [start_process("manage.py", "migrate", url=url) for url in urls]:
        done = migration.finish()
        assert done.code == 0, done.printed
    for url in urls:
        proof = manage("tenancy_proof", url=url)
        assert proof.code == 0, proof.printed


def test_two_installations_on_one_server_cannot_reach_each_other(
    cluster: Cluster,
) -> None:
    neighbour = make_login(cluster, "neighbour")
    cluster.run(manage("tenancy_roles", "--sql", url=neighbour).printed)
    migrated = manage("migrate", url=neighbour)
    assert migrated.code == 0, migrated.printed
    for url, other_login, other_url in (
        (cluster.url, "neighbour", neighbour),
        (neighbour, "automatehq", cluster.url),
    ):
        other_database = other_url.rsplit("/", 1)[1]
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            cluster.run("SELECT 1", url=url, database=other_database)
        for role in (
            other_login,
            f"{other_login}_tenant",
            f"{other_login}_platform",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cluster.run(f"SET ROLE {role}", url=url)
        proof = manage("tenancy_proof", url=url)
        assert proof.code == 0, proof.printed


# Roles with too many rights: SQL of the superuser → message of the verification → SQL
# that undoes it.

ROLE_FAULTS = {
    "superuser": (
        "ALTER ROLE automatehq SUPERUSER",
        "The login is a superuser: row-level security does not apply to it",
        "ALTER ROLE automatehq NOSUPERUSER",
    ),
    "bypass": (
        "ALTER ROLE automatehq BYPASSRLS",
        "The login has BYPASSRLS",
        "ALTER ROLE automatehq NOBYPASSRLS",
    ),
    "create roles": (
        "ALTER ROLE automatehq CREATEROLE",
        "The login has CREATEROLE",
        "ALTER ROLE automatehq NOCREATEROLE",
    ),
    "replication": (
        "ALTER ROLE automatehq REPLICATION",
        "The role automatehq has REPLICATION",
        "ALTER ROLE automatehq NOREPLICATION",
    ),
    "reads everything": (
        "GRANT pg_read_all_data TO automatehq",
        "The login can become pg_read_all_data",
        "REVOKE pg_read_all_data FROM automatehq",
    ),
    "can become a role that bypasses": (
        "CREATE ROLE backup BYPASSRLS; GRANT backup TO automatehq",
        "The login can become backup",
        "DROP ROLE backup",
    ),
    "a group that signs in": (
        "ALTER ROLE automatehq_tenant LOGIN",
        "The role automatehq_tenant has LOGIN",
        "ALTER ROLE automatehq_tenant NOLOGIN",
    ),
    "a group that bypasses": (
        "ALTER ROLE automatehq_tenant BYPASSRLS",
        "The role automatehq_tenant has BYPASSRLS",
        "ALTER ROLE automatehq_tenant NOBYPASSRLS",
    ),
    "a group in a group": (
        "GRANT automatehq_platform TO automatehq_tenant",
        "The role automatehq_tenant is a member of automatehq_platform",
        "REVOKE automatehq_platform FROM automatehq_tenant",
    ),
    "another role in a group": (
        "CREATE ROLE stranger; GRANT automatehq_platform TO stranger",
        "stranger can become automatehq_platform, which only this login may use",
        "DROP ROLE stranger",
    ),
    "handing on": (
        "GRANT automatehq_tenant TO automatehq WITH ADMIN OPTION",
        "The login may grant automatehq_tenant to other roles",
        "REVOKE ADMIN OPTION FOR automatehq_tenant FROM automatehq",
    ),
    "a business from the start": (
        "ALTER ROLE automatehq SET app.business_id = '00000000-0000-7000-8000-000000000002'",
        "Every new connection starts with app.business_id set",
        "ALTER ROLE automatehq RESET app.business_id",
    ),
    "another owner": (
        "ALTER TABLE employees OWNER TO postgres",
        "postgres owns tables that the login must own (employees)",
        "ALTER TABLE employees OWNER TO automatehq",
    ),
    "a reference that is not looked at": (
        "ALTER TABLE work_cards DISABLE TRIGGER ALL",
        "on work_cards does not fire",
        "ALTER TABLE work_cards ENABLE TRIGGER ALL",
    ),
}


@pytest.mark.parametrize("fault", ROLE_FAULTS)
def test_a_role_that_may_too_much_is_named(
    cluster: Cluster, fault: str, django_db_blocker: DjangoDbBlocker
) -> None:
    plant, sentence, undo = ROLE_FAULTS[fault]
    cluster.run(plant)
    try:
        with django_db_blocker.unblock(), cluster.connected() as connection:
            faults = (
                check_database_roles(connection) or verify_database(connection).faults
            )
    finally:
        cluster.run(undo)
    assert any(sentence in found for found in faults), faults


def test_without_these_faults_the_server_is_clean(
    cluster: Cluster, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), cluster.connected() as connection:
        assert failed_preconditions(connection) == []
        assert verify_database(connection).faults == []


def test_the_set_up_takes_away_what_a_login_has_too_much(cluster: Cluster) -> None:
    cluster.run("ALTER ROLE automatehq BYPASSRLS CREATEROLE")
    cluster.run(manage("tenancy_roles", "--sql", url=cluster.url).printed)
    proof = manage("tenancy_proof", url=cluster.url)
    assert proof.code == 0, proof.printed


def test_repair_makes_a_strangers_function_and_lost_grants_anew(
    cluster: Cluster,
) -> None:
    """A superuser restores a dump without owners into a new database."""
    cluster.run(
        "ALTER FUNCTION account_lookup OWNER TO postgres; REVOKE ALL ON ALL TABLES IN SCHEMA public FROM automatehq_tenant; "
        "GRANT CONNECT, TEMPORARY ON DATABASE automatehq TO PUBLIC"
    )
    broken = manage("tenancy_proof", url=cluster.url)
    assert broken.code == 1
    assert "account_lookup has changed: owner is 'postgres'" in broken.printed
    assert "automatehq_tenant lacks SELECT on table employees" in broken.printed
    assert "PUBLIC has CONNECT on database automatehq" in broken.printed
    assert "tenancy_roles --repair" in broken.printed
    assert manage("tenancy_roles", "--repair", url=cluster.url).code == 0
    proof = manage("tenancy_proof", url=cluster.url)
    assert proof.code == 0, proof.printed


def test_tables_of_another_role_stop_migrate_before_its_first_step(
    cluster: Cluster,
) -> None:
    url = make_login(cluster, "heir")
    cluster.run(manage("tenancy_roles", "--sql", url=url).printed)
    database = cluster.superuser_url.rsplit("/", 1)[0] + "/heir"
    cluster.run("CREATE ROLE forebear", url=database)
    for table in ("users", "sites", "of_another_tool"):
        cluster.run(f"CREATE TABLE {table} (id int)", url=database)
        cluster.run(f"ALTER TABLE {table} OWNER TO forebear", url=database)
    before = tables_in(cluster, url)
    failed = manage("migrate", url=url)
    assert failed.code == 1
    assert "forebear owns tables that the login must own (sites, users)" in (
        failed.printed
    )
    assert tables_in(cluster, url) == before
    repair_sql = 'REASSIGN OWNED BY "forebear" TO "heir"'
    assert repair_sql in failed.printed
    cluster.run(repair_sql, url=database)
    assert manage("tenancy_roles", url=url).code == 0


# Starting in production


def start_web(url: str, **environment: str) -> Done:
    return in_process(
        "-c", "import automatehq.wsgi", url=url, **{**PRODUCTION, **environment}
    )


def test_production_starts_on_a_proven_database(cluster: Cluster) -> None:
    done = start_web(cluster.url)
    assert done.code == 0, done.printed


def test_the_collector_passes_over_what_stays_for_good(cluster: Cluster) -> None:
    """Full collections delayed requests; objects from the start are excluded from them."""
    code = "import gc, automatehq.wsgi; print(gc.get_freeze_count() > 50_000)"
    done = in_process("-c", code, url=cluster.url, **PRODUCTION)
    assert done.printed.strip().endswith("True"), done.printed


def test_production_refuses_a_superuser(cluster: Cluster) -> None:
    done = start_web(
        cluster.superuser_url,
        TENANCY_TENANT_ROLE="automatehq_tenant",
        TENANCY_PLATFORM_ROLE="automatehq_platform",
    )
    assert done.code == 1
    assert "The login is a superuser" in done.printed
    assert "tenancy_roles --sql" in done.printed


def test_production_refuses_a_database_that_is_behind(cluster: Cluster) -> None:
    cluster.run("CREATE DATABASE behind OWNER automatehq")
    done = start_web(f"{cluster.url.rsplit('/', 1)[0]}/behind")
    assert done.code == 1
    assert "Run `manage.py migrate`" in done.printed


def test_production_refuses_a_fault_and_names_it(cluster: Cluster) -> None:
    cluster.run("ALTER TABLE employees NO FORCE ROW LEVEL SECURITY")
    try:
        done = start_web(cluster.url)
        in_development = start_web(cluster.url, DEBUG="1")
    finally:
        cluster.run("ALTER TABLE employees FORCE ROW LEVEL SECURITY")
    assert done.code == 1
    assert "does not apply to the owner of employees" in done.printed
    assert in_development.code == 0


def test_production_refuses_a_database_that_does_not_answer(cluster: Cluster) -> None:
    done = start_web("postgres://automatehq:x@127.0.0.1:1/automatehq")
    assert done.code == 1
    assert "The database is not available" in done.printed


def test_the_worker_refuses_like_the_web_server(cluster: Cluster) -> None:
    arguments = ("manage.py", "db_worker", "--batch", "--no-startup-delay")
    good = in_process(*arguments, url=cluster.url, **PRODUCTION)
    assert good.code == 0, good.printed
    cluster.run("ALTER TABLE employees NO FORCE ROW LEVEL SECURITY")
    try:
        done = in_process(*arguments, url=cluster.url, **PRODUCTION)
    finally:
        cluster.run("ALTER TABLE employees FORCE ROW LEVEL SECURITY")
    assert done.code == 1
    assert "AutomateHQ does not start" in done.printed
    assert "does not apply to the owner of employees" in done.printed


# Backup and restore, as docs/operations.md describes


def run_tool(cluster: Cluster, name: str, *arguments: str) -> Done:
    """Run one of PostgreSQL's own programs."""
    done = subprocess.run(
        [cluster.server._programs() / name, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout)


def test_the_login_cannot_dump_what_it_cannot_see(
    cluster: Cluster, tmp_path: Path
) -> None:
    done = run_tool(cluster, "pg_dump", f"--file={tmp_path}/dump", cluster.url)
    assert done.code == 1
    assert "query would be affected by row-level security" in done.printed


@pytest.mark.parametrize("restorer", ["superuser", "login"])
def test_a_backup_is_restored_into_a_new_database(
    cluster: Cluster, tmp_path: Path, restorer: str
) -> None:
    seeded = manage(
        "seed",
        url=cluster.url,
        ADMIN_EMAIL="dana@mizhav.example",
        ADMIN_PASSWORD="dana",
    )
    assert seeded.code == 0, seeded.printed
    reader, name = f"reader_{restorer}", f"restored_{restorer}"
    cluster.run(
        f"CREATE ROLE {reader} LOGIN BYPASSRLS PASSWORD '{reader}'; GRANT pg_read_all_data TO {reader}; "
        f"GRANT CONNECT ON DATABASE automatehq TO {reader}"
    )
    cluster.run(f"CREATE DATABASE {name} OWNER automatehq")
    url = f"{cluster.url.rsplit('/', 1)[0]}/{name}"
    dump = str(tmp_path / "dump")
    options = {
        "superuser": [f"--dbname={cluster.superuser_url.rsplit('/', 1)[0]}/{name}"],
        "login": [f"--dbname={url}", "--no-owner", "--no-acl"],
    }
    for tool, arguments in (
        (
            "pg_dump",
            [
                "--format=custom",
                f"--file={dump}",
                cluster.url_of(reader, "automatehq"),
            ],
        ),
        ("pg_restore", ["--exit-on-error", *options[restorer], dump]),
    ):
        done = run_tool(cluster, tool, *arguments)
        assert done.code == 0, done.printed

    assert start_web(url).code == 1
    repaired = manage("tenancy_roles", "--repair", url=url)
    assert repaired.code == 0, repaired.printed
    assert start_web(url).code == 0
    counts = [
        manage("tenancy_proof", "--counts", url=each).printed.splitlines()[:-1]
        for each in (cluster.url, url)
    ]
    assert counts[0] == counts[1] != []
    found = cluster.run(
        "SELECT account_lookup('dana@mizhav.example') IS NOT NULL", url=url
    )
    assert found == [(True,)]
