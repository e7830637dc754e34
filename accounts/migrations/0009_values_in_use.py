"""Create the functions that tell whether a unique value is in use in any business."""

from django.db import migrations

from businesses.tenancy.operations import CreateDefinerFunctions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_clean_text"),
        ("workforce", "0006_fewer_indexes"),
    ]

    operations = [
        CreateDefinerFunctions("email_in_use", "phone_in_use", "passport_in_use"),
    ]
