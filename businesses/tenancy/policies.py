"""The second layer: row-level security policies of each kind of table, as data.

Policies are separate for each role. The tenant role's predicate is therefore a bare
comparison that an index can serve. No setting that the tenant role can change turns it
off. A login outside a scope has neither role and reads no row.
"""

from dataclasses import dataclass
from typing import Literal

from .database_roles import platform_role, quote_identifier, quote_literal, tenant_role

# Outside a scope the setting is NULL, or '' after an earlier transaction on the
# connection has set it. `nullif` covers both.
CURRENT_BUSINESS = "nullif(current_setting('app.business_id', true), '')::uuid"
CURRENT_ACCOUNT = "nullif(current_setting('app.account_id', true), '')::uuid"


@dataclass(frozen=True)
class Policy:
    """A row-level security policy.

    `using` and `check` are SQL. `{tenant}` and `{platform}` stand for the names of the
    roles. The role "public" is every role that has a privilege on the table.
    """

    name: str
    command: Literal["ALL", "SELECT", "INSERT", "UPDATE"]
    role: Literal["tenant", "platform", "public"]
    using: str = ""
    check: str = ""

    @property
    def role_name(self) -> str:
        names = {"tenant": tenant_role(), "platform": platform_role()}
        return names.get(self.role, "PUBLIC")

    def expressions(self) -> tuple[str, str]:
        """Return USING and WITH CHECK with this installation's role names; '' for none."""
        using, check = (
            text.replace("{tenant}", quote_literal(tenant_role())).replace(
                "{platform}", quote_literal(platform_role())
            )
            for text in (self.using, self.check)
        )
        return using, check

    def create_sql(self, table: str) -> str:
        role = "PUBLIC" if self.role == "public" else quote_identifier(self.role_name)
        return (
            f"CREATE POLICY {quote_identifier(self.name)} ON {quote_identifier(table)} FOR {self.command} TO {role}"
            + self._conditions()
        )

    def alter_sql(self, table: str) -> str:
        return (
            f"ALTER POLICY {quote_identifier(self.name)} ON {quote_identifier(table)}"
            + self._conditions()
        )

    def _conditions(self) -> str:
        using, check = self.expressions()
        return (f" USING ({using})" if using else "") + (
            f" WITH CHECK ({check})" if check else ""
        )

    def drop_sql(self, table: str) -> str:
        return f"DROP POLICY {quote_identifier(self.name)} ON {quote_identifier(table)}"


def _rows(policy_name: str, predicate: str) -> Policy:
    return Policy(policy_name, "ALL", "tenant", predicate, predicate)


# The comparisons matter. A login that inherits from its groups (always the case before
# PostgreSQL 16) would otherwise read their rows outside a scope. Sub-queries are
# evaluated once a statement, bare comparisons once a row. For a bare comparison
# PostgreSQL expects one row in two hundred to pass. It then sorts whole tables although
# an index has the first page in order.
_IS_TENANT = "(SELECT current_user = {tenant})"
_IS_PLATFORM = "(SELECT current_user = {platform})"
_PLATFORM_READS = Policy("platform_reads", "SELECT", "platform", _IS_PLATFORM)
_PLATFORM_MANAGES = Policy(
    "platform_manages", "ALL", "platform", _IS_PLATFORM, _IS_PLATFORM
)

# A table whose rows belong to one business.
TENANT = (_rows("tenant_rows", f"business_id = {CURRENT_BUSINESS}"), _PLATFORM_READS)

# The audit trail. A business reads its own events, except events for the platform only.
# The platform may add events.
TRAIL = (
    _rows("tenant_rows", f"business_id = {CURRENT_BUSINESS} AND NOT platform_only"),
    _PLATFORM_READS,
    Policy("platform_appends", "INSERT", "platform", check=_IS_PLATFORM),
)

# The table of businesses: a business reads and edits its own row.
BUSINESSES = (
    Policy("tenant_reads_itself", "SELECT", "tenant", f"id = {CURRENT_BUSINESS}"),
    Policy(
        "tenant_edits_itself",
        "UPDATE",
        "tenant",
        f"id = {CURRENT_BUSINESS}",
        f"id = {CURRENT_BUSINESS}",
    ),
    _PLATFORM_MANAGES,
)

# A table that all businesses read. The steward of a row edits it.
SHARED = (
    Policy("tenant_reads_all", "SELECT", "tenant", _IS_TENANT),
    Policy(
        "steward_adds", "INSERT", "tenant", check=f"steward_id = {CURRENT_BUSINESS}"
    ),
    Policy(
        "steward_edits",
        "UPDATE",
        "tenant",
        f"steward_id = {CURRENT_BUSINESS}",
        f"steward_id = {CURRENT_BUSINESS}",
    ),
    _PLATFORM_MANAGES,
)

# The accounts. The plain login reads and writes one account at a time, outside the scopes
# of businesses: see `accounts/account_scope.py`. The platform role reads the columns that
# the definer functions need; the tenant role has no privilege.
ACCOUNTS = (
    Policy(
        "one_account",
        "ALL",
        "public",
        f"id = {CURRENT_ACCOUNT}",
        f"id = {CURRENT_ACCOUNT}",
    ),
    _PLATFORM_READS,
)

POLICY_SETS = {
    "accounts": ACCOUNTS,
    "tenant": TENANT,
    "trail": TRAIL,
    "businesses": BUSINESSES,
    "shared": SHARED,
}
