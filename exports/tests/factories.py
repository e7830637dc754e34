"""Sample export runs. They are made in the scope of a business."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from exports.models import ExportRun
from workcards.tests.factories import MONTH


class ExportRunFactory(DjangoModelFactory[ExportRun]):
    class Meta:
        model = ExportRun

    kind: Any = ExportRun.Kind.DAYS_CSV
    processing_month: Any = MONTH
    site = None
    generated_file_name = factory.Sequence(lambda number: f"days-{number}.csv")
