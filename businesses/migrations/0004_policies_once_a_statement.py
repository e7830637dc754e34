"""Policies ask once a statement, and no more once a row, which role reads.

PostgreSQL expected one row in two hundred to pass the bare comparison, so that a list of cards with their sites was sorted as a
whole instead of being taken from its index; so was everything that the platform lists.
"""

import re

from django.db import migrations

from businesses.tenancy.operations import RewordPolicies

# A declared set of policies → the tables that have it.
TABLES = {
    "tenant": [
        "accounts.User",
        "accounts.SignIn",
        "businesses.MigrationOriginal",
        "exports.ExportRun",
        "exports.ExportProfile",
        "workcards.WorkCardFile",
        "workcards.WorkCard",
        "workcards.DayEntry",
        "workcards.ApprovedDay",
        "workcards.ClosedMonth",
        "workforce.Employee",
        "workforce.SiteSettings",
    ],
    "trail": ["audit.AuditEvent"],
    "businesses": ["businesses.Business"],
    "shared": ["workforce.Site"],
}


def bare(expression: str) -> str:
    return re.sub(r"\(SELECT (current_user = \{\w+\})\)", r"\1", expression)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_isolation"),
        ("audit", "0005_isolation"),
        ("businesses", "0003_isolation"),
        ("exports", "0006_profiles_and_kinds"),
        ("workcards", "0009_closed_months_rules"),
        ("workforce", "0005_isolation"),
    ]

    operations = [RewordPolicies(TABLES, before=bare)]
