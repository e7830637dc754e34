"""Rules and keys, once every row has its business."""

import django.db.models.deletion
from django.db import migrations, models

import businesses.tenancy.constraints
import workcards.models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_rules"),
        ("workcards", "0003_backfill"),
        ("workforce", "0004_rules"),
    ]

    operations = [
        migrations.AlterField(
            model_name="dayentry",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AlterField(
            model_name="workcard",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AlterField(
            model_name="workcardfile",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AlterField(
            model_name="dayentry",
            name="break_minutes",
            field=models.PositiveSmallIntegerField(
                default=0, verbose_name="break, minutes"
            ),
        ),
        migrations.AlterField(
            model_name="dayentry",
            name="day_status",
            field=models.CharField(
                blank=True,
                choices=[
                    ("VACATION", "Vacation"),
                    ("SICK", "Sick"),
                    ("INTERNATIONAL_VISA", "International visa"),
                    ("HOLIDAY", "Holiday"),
                ],
                max_length=20,
                null=True,
                verbose_name="absence",
            ),
        ),
        migrations.AlterField(
            model_name="dayentry",
            name="total_hours",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=5,
                null=True,
                verbose_name="hours",
            ),
        ),
        migrations.AlterField(
            model_name="dayentry",
            name="work_card",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="day_entries",
                to="workcards.workcard",
            ),
        ),
        migrations.AlterField(
            model_name="workcard",
            name="employee",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="work_cards",
                to="workforce.employee",
                verbose_name="employee",
            ),
        ),
        migrations.AlterField(
            model_name="workcard",
            name="file",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="work_cards",
                to="workcards.workcardfile",
            ),
        ),
        migrations.AlterField(
            model_name="workcard",
            name="review_status",
            field=models.CharField(
                choices=[
                    ("NEEDS_ASSIGNMENT", "Needs assignment"),
                    ("NEEDS_REVIEW", "Needs review"),
                    ("APPROVED", "Approved"),
                    ("REJECTED", "Rejected"),
                ],
                default="NEEDS_ASSIGNMENT",
                max_length=20,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="workcard",
            name="source",
            field=models.CharField(
                choices=[
                    ("UPLOAD_SINGLE", "Upload"),
                    ("UPLOAD_BATCH", "Upload of several"),
                    ("MANUAL", "By hand"),
                ],
                max_length=16,
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            model_name="workcardfile",
            name="original",
            field=models.FileField(
                max_length=300, upload_to=workcards.models._original_path
            ),
        ),
        migrations.AddField(
            model_name="dayentry",
            name="processing_month",
            field=models.GeneratedField(
                db_persist=True,
                expression=workcards.models.FirstOfMonth("work_date"),
                output_field=models.DateField(),
            ),
        ),
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(
                fields=["business", "-created_at", "-id"], name="work_cards_recent_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(
                fields=["business", "site", "processing_month"],
                name="work_cards_site_month_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(
                fields=["business", "employee", "processing_month"],
                name="work_cards_employee_month_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(
                fields=["business", "processing_month", "review_status"],
                name="work_cards_month_status_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(fields=["business", "file"], name="work_cards_file_idx"),
        ),
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(
                fields=["business", "sha256_hash"], name="work_cards_hash_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="workcardfile",
            index=models.Index(
                fields=["business", "sha256_hash"], name="work_card_files_hash_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=models.UniqueConstraint(
                fields=("business", "work_card", "work_date"),
                name="work_card_day_entries_date_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=models.UniqueConstraint(
                fields=("business", "id"), name="work_cards_business_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=models.UniqueConstraint(
                fields=("business", "id", "processing_month"),
                name="work_cards_business_id_month_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcardfile",
            constraint=models.UniqueConstraint(
                fields=("business", "id"), name="work_card_files_business_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("total_hours__range", (0, 24))),
                name="work_card_day_entries_hours_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("break_minutes__range", (0, 240))),
                name="work_card_day_entries_break_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("break_minutes", 0),
                        ("from_time__isnull", True),
                        ("to_time__isnull", True),
                    ),
                    models.Q(
                        ("from_time__isnull", False),
                        ("to_time__isnull", False),
                        models.Q(("from_time", models.F("to_time")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="work_card_day_entries_times_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "day_status__in",
                            ["VACATION", "SICK", "INTERNATIONAL_VISA", "HOLIDAY"],
                        ),
                        ("from_time__isnull", True),
                        ("total_hours__isnull", True),
                    ),
                    models.Q(
                        ("day_status__isnull", True), ("total_hours__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="work_card_day_entries_absence_has_no_hours",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=models.CheckConstraint(
                condition=models.Q(("processing_month__day", 1)),
                name="work_cards_month_is_first",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("source__in", ["UPLOAD_SINGLE", "UPLOAD_BATCH", "MANUAL"])
                ),
                name="work_cards_source_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("employee__isnull", True),
                        ("review_status", "NEEDS_ASSIGNMENT"),
                    ),
                    models.Q(
                        ("employee__isnull", False),
                        ("review_status__in", ["NEEDS_REVIEW", "APPROVED"]),
                    ),
                    ("review_status", "REJECTED"),
                    _connector="OR",
                ),
                name="work_cards_status_fits_employee",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approved_at__isnull", False), ("review_status", "APPROVED")
                    ),
                    models.Q(
                        models.Q(("review_status", "APPROVED"), _negated=True),
                        ("approved_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="work_cards_approved_have_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                also=("processing_month",),
                field="work_card",
                name="work_card_day_entries_card_fk",
                to="workcards.WorkCard",
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="employee", name="work_cards_employee_fk", to="workforce.Employee"
            ),
        ),
        migrations.AddConstraint(
            model_name="workcard",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="file", name="work_cards_file_fk", to="workcards.WorkCardFile"
            ),
        ),
    ]
