"""The areas of mutation testing: files, mutation rules, and the tests to run first.

New files, tables and calls that match a pattern have mutants at once. A mutant that survives the tests of its area is
tested with the whole suite.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from accounts.roles import ROLE_PERMISSIONS, Role
from workcards.transitions import TRANSITIONS, ReviewStatus, Transition

from .mutators import (
    LOGIC,
    Edit,
    Rule,
    Source,
    arguments_dropped,
    assignments_dropped,
    bodies_replaced,
    calls_dropped,
    items_dropped,
    links_dropped,
    named_values_replaced,
    names_replaced,
    returns,
    strings_changed,
    values_replaced,
    within,
    words_changed,
)

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = (
    "accounts",
    "audit",
    "businesses",
    "exports",
    "reports",
    "workcards",
    "workforce",
)


@dataclass(frozen=True, eq=False)
class Area:
    """A set of files with mutation rules and the tests to run.

    `targets` holds file patterns relative to the root, each with its rules. `tests` holds arguments of pytest. `first`
    returns the arguments for the tests of a mutant that run before `tests`.
    """

    name: str
    targets: Sequence[tuple[str, Sequence[Rule]]]
    tests: Sequence[str]
    first: Callable[["Mutant"], Sequence[str]] = lambda mutant: ()

    def mutants(self) -> Iterator["Mutant"]:
        seen = set()
        for pattern, rules in self.targets:
            for path in list_files(pattern):
                source = Source((ROOT / path).read_text(encoding="utf-8"))
                for edit in (edit for rule in rules for edit in rule(source)):
                    mutated = source.apply(edit)
                    if (path, mutated) not in seen:
                        seen.add((path, mutated))
                        yield Mutant(self, path, source.line(edit.start), edit, mutated)


@dataclass(frozen=True)
class Mutant:
    """A file of the repository with one mutation."""

    area: Area
    path: str
    line: int
    edit: Edit
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.edit.where}: {self.edit.what}"

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the key of the mutant in `EQUIVALENT`.

        It does not contain the line number, which changes with other edits.
        """
        return self.path, self.edit.where, self.edit.what


def list_files(pattern: str) -> list[str]:
    """Return the paths of the project's matching files, without tests."""
    return sorted(
        path
        for app in (*APPS, "automatehq")
        for match in (ROOT / app).rglob("*.py")
        if "tests" not in match.parts
        and fnmatch(path := str(match.relative_to(ROOT)), pattern)
    )


# Replacements for rows of tables


def _next_role(right: str, roles: str) -> Iterator[str]:
    """Yield role sets that differ from `roles` by one role.

    One set lacks the lowest role that has the permission. The other adds the highest role without it.
    """
    holders = ROLE_PERMISSIONS[right.strip('"')]
    ranked = list(Role)  # from highest to lowest
    (least,) = [role for role in ranked if role in holders][-1:]
    yield f"({roles}) - {{Role.{least.name}}}"
    for role in [role for role in ranked if role not in holders][:1]:
        yield f"({roles}) | {{Role.{role.name}}}"


def _weaker_right(action: str, right: str) -> Iterator[str]:
    """Yield a permission that every role has, unless every role has the present one."""
    if ROLE_PERMISSIONS[right.strip('"')] != ROLE_PERMISSIONS["businesses.see"]:
        yield '"businesses.see"'


def _other_status(step: str, target: str) -> Iterator[str]:
    for other in ("_UNASSIGNED", "_REVIEW", "_APPROVED", "_REJECTED"):
        if other != target:
            yield other
            return


def transitions_added(source: Source) -> Iterator[Edit]:
    """Add a transition that the table does not permit.

    Its target is the status to which the same action leads elsewhere.
    """
    at = source.data.index(b"        (_UNASSIGNED, Transition.ASSIGN)")
    for status in ReviewStatus:
        for transition in Transition:
            if (status, transition) in TRANSITIONS:
                continue
            target = next(to for (_, by), to in TRANSITIONS.items() if by is transition)
            row = f"(ReviewStatus.{status.name}, Transition.{transition.name}): ReviewStatus.{target.name},"
            yield Edit(at, at, f"        {row}\n", "TRANSITIONS", f"with {row}")


def _permissions(*values: str) -> Rule:
    return within(
        r".*permission_classes",
        *(names_replaced(v, "AllowAny", r".*permission_classes") for v in values),
    )


BUSINESS_TESTS = "businesses/tests/"
LAYERS = (
    f"{BUSINESS_TESTS}test_operations.py",
    f"{BUSINESS_TESTS}test_verification.py",
    f"{BUSINESS_TESTS}test_isolation_layers.py",
)
ROLES = (
    "tests/test_api_roles.py",
    "tests/test_admin_roles.py",
)


def role_tests(mutant: Mutant) -> Sequence[str]:
    """Return pytest's arguments for the role tests of the changed permission."""
    subject = re.search(r'"(\w+?)(?:es|s)?\.\w+"', mutant.edit.what)
    return (*ROLES, "-k", _SUBJECTS.get(subject[1], subject[1])) if subject else ()


def tests_of_event(mutant: Mutant) -> Sequence[str]:
    """Return the test files that contain the event type recorded by the dropped call."""
    original = (ROOT / mutant.path).read_bytes()[mutant.edit.start : mutant.edit.end]
    kind = re.search(rb'"(\w+_\w+)"', original)
    if kind is None:
        return ()
    app = mutant.path.split("/")[0]
    return sorted(
        str(test.relative_to(ROOT))
        for test in (ROOT / app / "tests").rglob("test_*.py")
        if kind[1] in test.read_bytes() and "admin" not in test.name
    )


_SUBJECTS = {
    "card": "card or upload or pending or bulk",
    "site_tariff": "settings",
    "site_setting": "settings",
    "matrix": "matrix or missing or dashboard",
    "platform": "act-as",
}

AREAS = (
    Area(
        "policies",
        [
            (
                "businesses/tenancy/policies.py",
                [
                    items_dropped("TENANT|TRAIL|BUSINESSES|SHARED"),
                    strings_changed(
                        "TENANT|TRAIL|BUSINESSES|SHARED",
                        r'f"(\w+ = \{CURRENT_BUSINESS\}).*"',
                        '"true"',
                    ),
                    strings_changed("TRAIL", " AND NOT platform_only", ""),
                    strings_changed(
                        "_IS_TENANT|_IS_PLATFORM", 'current_user = .*[^")]', "true"
                    ),
                    names_replaced("_IS_PLATFORM", '"true"', ".*"),
                    names_replaced("_IS_TENANT", '"true"', ".*"),
                    strings_changed("CURRENT_BUSINESS", r"nullif\((.*), ''\)", r"\1"),
                    within(r"Policy\._conditions", *LOGIC),
                ],
            ),
        ],
        (*LAYERS, "audit/tests/test_audit_api.py"),
    ),
    Area(
        "row-level security enabled and forced",
        [
            (
                "*/migrations/*.py",
                [
                    items_dropped(
                        r"Migration\.operations", "IsolateTenantTable|ShareTable"
                    ),
                    arguments_dropped("IsolateTenantTable"),
                ],
            ),
            (
                "businesses/tenancy/operations.py",
                [
                    within(
                        r"IsolateTenantTable\.database_forwards|RewordPolicies\._alter",
                        calls_dropped(),
                    )
                ],
            ),
            (
                "businesses/tenancy/rollback_guard.py",
                [within("without_forced_rls", *LOGIC)],
            ),
        ],
        LAYERS,
    ),
    Area(
        "grants",
        [
            (
                "businesses/tenancy/grants.py",
                [
                    words_changed(
                        "_privileges",
                        ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"),
                    ),
                    values_replaced(
                        "declarations|SYSTEM_TABLES",
                        lambda table, value: (
                            ['Declaration((), _privileges("SELECT"), frozenset())']
                            if value == "_NO_PRIVILEGES"
                            else []
                        ),
                    ),
                    within("apply_grants", *LOGIC),
                ],
            ),
        ],
        (
            f"{BUSINESS_TESTS}test_grants.py",
            *LAYERS,
            "audit/tests/test_cross_business.py",
            "workforce/tests/test_sites.py",
            f"{BUSINESS_TESTS}test_separate_logins.py",
        ),
    ),
    Area(
        "composite keys",
        [
            (
                "*/migrations/*.py",
                [
                    items_dropped(
                        r"Migration\.operations", r".*TenantForeignKeyConstraint"
                    ),
                    arguments_dropped(r".*\.TenantForeignKeyConstraint", "also"),
                ],
            ),
            (
                "businesses/tenancy/constraints.py",
                [
                    within(
                        r"TenantForeignKeyConstraint\.(validate|constraint_sql|__eq__)|check_references",
                        *LOGIC,
                    )
                ],
            ),
        ],
        (*LAYERS, "workcards/tests/test_cross_business_api.py"),
    ),
    Area(
        "manager",
        [
            (
                "businesses/tenancy/managers.py",
                [
                    within("(?!RequireScope|TenantQuerySet.raw).*", *LOGIC),
                    links_dropped("filter"),
                ],
            ),
            ("businesses/tenancy/models.py", LOGIC),
        ],
        (
            f"{BUSINESS_TESTS}test_managers.py",
            f"{BUSINESS_TESTS}test_no_scope.py",
            f"{BUSINESS_TESTS}test_isolation_layers.py",
            f"{BUSINESS_TESTS}test_isolation_attacks.py",
        ),
    ),
    Area(
        "permission classes",
        [
            (
                "*view*.py",
                [
                    _permissions(
                        "BelongsToBusiness",
                        "EditsAsSteward",
                        "ManagesUsers",
                        "IsAuthenticated",
                    )
                ],
            ),
            (
                "businesses/tenancy/permissions.py",
                [within(".*", *LOGIC), returns("True")],
            ),
            (
                "*/views.py",
                [within(r"(EditsAsSteward|ManagesUsers)\..*", *LOGIC, returns("True"))],
            ),
            ("automatehq/api/declarations.py", [within("right_of", *LOGIC)]),
            (
                "*.py",
                [
                    values_replaced(r".*\.rights", _weaker_right),
                    named_values_replaced("(read_|write_)?right", _weaker_right),
                ],
            ),
        ],
        (
            "automatehq/api/tests/test_tenant_viewsets.py",
            "workcards/tests/test_cross_business_api.py",
            ROLES[0],
        ),
        role_tests,
    ),
    Area(
        "refined querysets",
        [
            ("*view*.py", [bodies_replaced("refine_queryset", "return queryset")]),
            ("*view*.py", [within(r".*\.refine_queryset", *LOGIC)]),
            ("businesses/tenancy/viewsets.py", LOGIC),
        ],
        (
            "audit/tests/test_audit_api.py",
            "businesses/tests/test_businesses_api.py",
            "automatehq/api/tests/test_tenant_viewsets.py",
            "businesses/tests/test_system_checks.py",
            "workcards/tests/test_cross_business_api.py",
            "workcards/tests/test_employee_suggestions.py",
            "workcards/tests/test_cards.py",
            "workforce/tests/test_sites.py",
            "workforce/tests/test_site_settings.py",
        ),
    ),
    Area(
        "scope and its restoration",
        [("businesses/tenancy/context.py", [*LOGIC, assignments_dropped(".*token.*")])],
        (
            f"{BUSINESS_TESTS}test_context.py",
            f"{BUSINESS_TESTS}test_connections.py",
            f"{BUSINESS_TESTS}test_managers.py",
        ),
    ),
    Area(
        "role table",
        [("accounts/roles.py", [values_replaced("ROLE_PERMISSIONS", _next_role)])],
        ("tests/test_docs_administrators.py", *ROLES),
        role_tests,
    ),
    Area(
        "transitions",
        [
            (
                "workcards/transitions.py",
                [
                    items_dropped("TRANSITIONS|TRANSITION_RIGHTS"),
                    values_replaced("TRANSITIONS", _other_status),
                    values_replaced("TRANSITION_RIGHTS", _weaker_right),
                    transitions_added,
                    within("status_after|transition_to", *LOGIC),
                ],
            ),
            (
                "workcards/services/locking.py",
                [within("require_transition|check_version|require_right", *LOGIC)],
            ),
        ],
        (
            "workcards/tests/test_review.py",
            "workcards/tests/test_cards.py",
            "workcards/tests/test_ledger.py",
        ),
    ),
    Area(
        "ledger posting",
        [
            ("workcards/services/posting.py", LOGIC),
            ("workcards/services/locking.py", [within("lock_ledgers?", *LOGIC)]),
            (
                "workcards/services/review.py",
                [calls_dropped("lock_.*|ledger.*|post_card|withdraw_card")],
            ),
            (
                "workcards/migrations/0010_ledger_limits_by_statement.py",
                [
                    strings_changed(
                        "CREATE", r"PERFORM pg_advisory.*? people;", "PERFORM 1;"
                    ),
                    strings_changed("CREATE", r"> 24", "> 25"),
                    strings_changed(
                        "CREATE",
                        r"count\(\*\) > 1 AND count\(day_status\) > 0",
                        "false",
                    ),
                    strings_changed("CREATE", r"CREATE TRIGGER [^;]*;", ""),
                    strings_changed("CREATE", r"ORDER BY employee_id\b", ""),
                ],
            ),
        ],
        (
            "workcards/tests/test_ledger.py",
            "workcards/tests/test_review.py",
            "workcards/tests/test_concurrency_cards.py",
            "workcards/tests/test_bulk_approve.py",
        ),
    ),
    Area(
        "closed months",
        [
            (
                "workcards/services/*.py",
                [
                    calls_dropped(
                        "require_open_month|check_month_open|lock_month|share_month_lock"
                    )
                ],
            ),
            (
                "workcards/services/locking.py",
                [
                    within(
                        "require_open_month|closed_among|check_month_open|lock_month|lock_card",
                        *LOGIC,
                    )
                ],
            ),
            (
                "workcards/migrations/0009_closed_months_rules.py",
                [
                    items_dropped("MONTHS|TRANSITIONS"),
                    strings_changed(
                        "FUNCTIONS", r"PERFORM pg_advisory[^;]*;", "PERFORM 1;"
                    ),
                    strings_changed("FUNCTIONS", "IF FOUND", "IF false"),
                    strings_changed(
                        "FUNCTIONS", r"IF current_setting\([^\n]* THEN", "IF false THEN"
                    ),
                    strings_changed(
                        "FUNCTIONS", r"old_rows UNION ' \|\| months \|\| '", ""
                    ),
                    strings_changed(
                        "FUNCTIONS", r"c\.business_id = touched\.business_id AND ", ""
                    ),
                    strings_changed("FUNCTIONS", r" ORDER BY business_id, month'", "'"),
                    strings_changed("FUNCTIONS", r"CREATE TRIGGER [^;]*;", ""),
                    strings_changed("FUNCTIONS", "INSERT OR DELETE", "INSERT"),
                    strings_changed("FUNCTIONS", "INSERT OR DELETE", "DELETE"),
                ],
            ),
        ],
        (
            "workcards/tests/test_closed_months.py",
            "workcards/tests/test_concurrency_months.py",
            "workcards/tests/test_bulk_approve.py",
            "reports/tests/test_month_api.py",
        ),
    ),
    Area(
        "audit calls",
        [
            ("*.py", [calls_dropped(r"(audit\.)?_?record(_\w+)?")]),
            ("audit/services.py", LOGIC),
        ],
        (
            "audit/tests/test_audit_services.py",
            "audit/tests/test_audit_api.py",
            "accounts/tests/test_users.py",
            "accounts/tests/test_act_as.py",
            "tests/test_admin_auth.py",
            "workforce/tests/test_employees.py",
            "workforce/tests/test_sites.py",
            "workcards/tests/test_cards.py",
            "exports/tests/test_exports_api.py",
            "exports/tests/test_export_tasks.py",
        ),
        tests_of_event,
    ),
    Area(
        "middleware",
        [("businesses/tenancy/middleware.py", [*LOGIC])],
        (
            f"{BUSINESS_TESTS}test_middleware.py",
            "audit/tests/test_cross_business.py",
            "accounts/tests/test_tokens.py",
        ),
    ),
)
