"""Accounts: the credentials of a person, apart from the person's user in each business."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import automatehq.text_columns
from businesses.tenancy.exceptions import MultipleBusinessesError
from businesses.tenancy.operations import (
    IsolateTenantTable,
    ReplaceDefinerFunctions,
    TenantRunPython,
)

# The account of a user: also of a user without an e-mail, whose password must survive the way back.
CREATE_ACCOUNTS = """
SET CONSTRAINTS ALL DEFERRED;
UPDATE users SET account_id = gen_random_uuid();
INSERT INTO accounts (id, email, password, signed_out_at, last_user_id, created_at)
    SELECT account_id, email, password, signed_out_at, id, created_at FROM users;
SET CONSTRAINTS ALL IMMEDIATE;
"""
# The address of an account stays that of its users, so only the password has to be copied.
COPY_PASSWORDS = """
UPDATE users SET password = accounts.password FROM accounts WHERE accounts.id = users.account_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""

EMAIL_OF_USERS = "SELECT EXISTS (SELECT FROM public.users u WHERE u.email = wanted)"
EMAIL_OF_ACCOUNTS = (
    "SELECT EXISTS (SELECT FROM public.accounts a WHERE a.email = wanted)"
)
BEFORE = {
    "login_lookup": (
        "wanted text",
        "TABLE(user_id uuid, business_id uuid)",
        "SELECT u.id, u.business_id FROM public.users u WHERE u.email = lower(wanted)",
    ),
    "email_in_use": ("wanted text", "boolean", EMAIL_OF_USERS),
}
AFTER = {
    "account_lookup": (
        "wanted text",
        "uuid",
        "SELECT a.id FROM public.accounts a WHERE a.email = lower(wanted)",
    ),
    "users_of_account": (
        "wanted uuid",
        "TABLE(user_id uuid, business_id uuid, business_name text, user_is_active boolean, business_is_active boolean, "
        "user_signed_out_at timestamp with time zone, business_signed_out_at timestamp with time zone)",
        "SELECT u.id, b.id, b.business_name::text, u.is_active, b.is_active, u.signed_out_at, b.signed_out_at "
        "FROM public.users u JOIN public.businesses b ON b.id = u.business_id WHERE u.account_id = wanted",
    ),
    "email_in_use": ("wanted text", "boolean", EMAIL_OF_ACCOUNTS),
}


def execute(sql):
    def run(apps, schema_editor):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(sql)

    return run


def require_one_user_per_account(apps, schema_editor):
    """Raise `MultipleBusinessesError` while an account has users in several businesses."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM users GROUP BY account_id HAVING count(*) > 1) shared"
        )
        (shared,) = cursor.fetchone()
    if shared:
        raise MultipleBusinessesError(
            f"{shared} people have users in several businesses, which the earlier schema cannot store."
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_texts")]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "email",
                    automatehq.text_columns.EmailField(
                        blank=True, max_length=254, null=True, verbose_name="e-mail"
                    ),
                ),
                ("owned_at", models.DateTimeField(blank=True, null=True)),
                ("signed_out_at", models.DateTimeField(blank=True, null=True)),
                ("last_user_id", models.UUIDField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "accounts",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("email",), name="accounts_email_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "email",
                                django.db.models.functions.text.Lower(
                                    models.F("email")
                                ),
                            )
                        ),
                        name="accounts_email_lower",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="account",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.account",
            ),
        ),
        TenantRunPython(
            execute(CREATE_ACCOUNTS), execute(COPY_PASSWORDS), models=["accounts.User"]
        ),
        migrations.AlterField(
            model_name="user",
            name="account",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.account",
            ),
        ),
        migrations.RemoveConstraint(model_name="user", name="users_email_unique"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("business", "account"), name="users_account_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("business", "email"), name="users_email_unique"
            ),
        ),
        # On the way back the column returns empty before the passwords are copied.
        migrations.AlterField(
            model_name="user",
            name="password",
            field=models.CharField(default="", max_length=128, verbose_name="password"),
        ),
        migrations.RemoveField(model_name="user", name="password"),
        IsolateTenantTable("Account", "accounts"),
        ReplaceDefinerFunctions(BEFORE, AFTER),
        # Last, so that the way back is rejected before it changes anything.
        TenantRunPython(
            migrations.RunPython.noop,
            require_one_user_per_account,
            models=["accounts.User"],
        ),
    ]
