"""Platform, which holds the super-admins, and the default business, which inherits all data from before."""

from django.conf import settings
from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID


def insert_first_businesses(apps, schema_editor):
    businesses = _businesses(apps, schema_editor)
    businesses.create(
        id=PLATFORM_ID, business_name="Platform", is_platform=True, language="en"
    )
    businesses.create(
        id=DEFAULT_BUSINESS_ID, business_name=settings.DEFAULT_BUSINESS_NAME
    )


def remove_first_businesses(apps, schema_editor):
    _businesses(apps, schema_editor).filter(
        id__in=[PLATFORM_ID, DEFAULT_BUSINESS_ID]
    ).delete()


def _businesses(apps, schema_editor):
    alias = schema_editor.connection.alias
    return apps.get_model("businesses", "Business").objects.using(alias)


class Migration(migrations.Migration):
    dependencies = [("businesses", "0001_initial")]

    operations = [
        migrations.RunPython(insert_first_businesses, remove_first_businesses)
    ]
