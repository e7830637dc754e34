"""Rules and keys, once every row has its business."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import businesses.tenancy.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_backfill"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="phone_number",
            field=models.CharField(
                blank=True, max_length=16, null=True, verbose_name="phone"
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="role",
            field=models.CharField(
                choices=[
                    ("SUPER_ADMIN", "Super-admin"),
                    ("ADMIN", "Administrator"),
                    ("REVIEWER", "Reviewer"),
                    ("UPLOADER", "Uploader"),
                    ("VIEWER", "Viewer"),
                ],
                max_length=16,
                verbose_name="role",
            ),
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("refresh_jti", models.UUIDField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "sign_ins",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="signin",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AddField(
            model_name="signin",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sign_ins",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                fields=["business", "full_name", "id"], name="users_business_name_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["business", "user"], name="sign_ins_user_idx"),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["expires_at"], name="sign_ins_expiry_idx"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("business", "id"), name="users_business_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("email",), name="users_email_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("phone_number",), name="users_phone_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", django.db.models.functions.text.Lower(models.F("email")))
                ),
                name="users_email_lower",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email__isnull", False), ("is_active", False), _connector="OR"
                ),
                name="users_active_have_email",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        ["SUPER_ADMIN", "ADMIN", "REVIEWER", "UPLOADER", "VIEWER"],
                    )
                ),
                name="users_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("business", uuid.UUID("00000000-0000-7000-8000-000000000001")),
                        ("role", "SUPER_ADMIN"),
                    ),
                    models.Q(
                        models.Q(("role", "SUPER_ADMIN"), _negated=True),
                        models.Q(
                            (
                                "business",
                                uuid.UUID("00000000-0000-7000-8000-000000000001"),
                            ),
                            _negated=True,
                        ),
                    ),
                    _connector="OR",
                ),
                name="users_super_admins_in_platform",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("acting_business__isnull", True),
                        ("acting_expires_at__isnull", True),
                        ("acting_token__isnull", True),
                    ),
                    models.Q(
                        ("acting_business__isnull", False),
                        ("acting_expires_at__isnull", False),
                        ("acting_token__isnull", False),
                        ("role", "SUPER_ADMIN"),
                    ),
                    _connector="OR",
                ),
                name="users_acting_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="signin",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="user", name="sign_ins_user_fk", to="accounts.User"
            ),
        ),
    ]
