"""Indexes that others begin with are gone: they were written with every row, and found nothing that the others do not."""

from django.db import migrations

from businesses.tenancy.operations import DropKeyIndex


class Migration(migrations.Migration):
    dependencies = [("workcards", "0012_newest_cards")]

    operations = [
        DropKeyIndex("WorkCardFile", "business"),
        DropKeyIndex("WorkCard", "business"),
        DropKeyIndex("DayEntry", "business"),
        DropKeyIndex("ApprovedDay", "business"),
        DropKeyIndex("ApprovedDay", "work_card"),
        DropKeyIndex("ClosedMonth", "business"),
    ]
