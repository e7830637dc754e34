"""The second lock, as data: who sees and writes which rows, by role.

Policies are split by role so that the tenant's predicate is a bare comparison that an index can serve, and no setting
which the tenant's role can write turns it off. A login outside a scope is in neither role: it sees no row.
"""

from dataclasses import dataclass
from typing import Literal

from .database_roles import literal, platform_role, quoted, tenant_role

# Outside a scope the setting reads NULL, and '' once a transaction on the connection has had it: nullif serves both.
CURRENT_BUSINESS = "nullif(current_setting('app.business_id', true), '')::uuid"


@dataclass(frozen=True)
class Policy:
    """One row-level security policy. `using` and `check` are SQL; `{tenant}` and `{platform}` stand for the roles' names."""

    name: str
    command: Literal["ALL", "SELECT", "INSERT", "UPDATE"]
    role: Literal["tenant", "platform"]
    using: str = ""
    check: str = ""

    @property
    def role_name(self) -> str:
        return tenant_role() if self.role == "tenant" else platform_role()

    def expressions(self) -> tuple[str, str]:
        """USING and WITH CHECK with the names of this installation in them; '' for none."""
        using, check = (
            text.replace("{tenant}", literal(tenant_role())).replace(
                "{platform}", literal(platform_role())
            )
            for text in (self.using, self.check)
        )
        return using, check

    def create_sql(self, table: str) -> str:
        return (
            f"CREATE POLICY {quoted(self.name)} ON {quoted(table)} FOR {self.command} TO {quoted(self.role_name)}"
            + self._conditions()
        )

    def alter_sql(self, table: str) -> str:
        return (
            f"ALTER POLICY {quoted(self.name)} ON {quoted(table)}" + self._conditions()
        )

    def _conditions(self) -> str:
        using, check = self.expressions()
        return (f" USING ({using})" if using else "") + (
            f" WITH CHECK ({check})" if check else ""
        )

    def drop_sql(self, table: str) -> str:
        return f"DROP POLICY {quoted(self.name)} ON {quoted(table)}"


def _rows(policy_name: str, predicate: str) -> Policy:
    return Policy(policy_name, "ALL", "tenant", predicate, predicate)


# The comparisons matter: a login that inherits its groups (always, until PostgreSQL 15) would otherwise see outside a
# scope what they see. As sub-queries they are made once a statement; bare, once a row, and PostgreSQL expects one row in two
# hundred to pass, and sorts whole tables of which an index would have given the first page in order.
_IS_TENANT = "(SELECT current_user = {tenant})"
_IS_PLATFORM = "(SELECT current_user = {platform})"
_PLATFORM_READS = Policy("platform_reads", "SELECT", "platform", _IS_PLATFORM)
_PLATFORM_MANAGES = Policy(
    "platform_manages", "ALL", "platform", _IS_PLATFORM, _IS_PLATFORM
)

# A table of one business's rows.
TENANT = (_rows("tenant_rows", f"business_id = {CURRENT_BUSINESS}"), _PLATFORM_READS)

# The trail: the business sees its own events but those that would tell it of others; the platform may add.
TRAIL = (
    _rows("tenant_rows", f"business_id = {CURRENT_BUSINESS} AND NOT platform_only"),
    _PLATFORM_READS,
    Policy("platform_appends", "INSERT", "platform", check=_IS_PLATFORM),
)

# The table of businesses itself: a business sees and edits its own row.
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

# A table that all businesses read, and whose rows the business that made them edits.
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

POLICY_SETS = {
    "tenant": TENANT,
    "trail": TRAIL,
    "businesses": BUSINESSES,
    "shared": SHARED,
}
