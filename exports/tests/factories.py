"""Factories of export runs and profiles, used in the scope of a business."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from exports.models import ExportProfile, ExportRun
from exports.profiles import COMPONENTS
from workcards.tests.factories import MONTH


class ExportRunFactory(DjangoModelFactory[ExportRun]):
    class Meta:
        model = ExportRun

    kind: Any = ExportRun.Kind.DAYS_CSV
    processing_month: Any = MONTH
    site = None
    generated_file_name = factory.Sequence(lambda number: f"days-{number}.csv")


class ExportProfileFactory(DjangoModelFactory[ExportProfile]):
    """A profile with a code for each component: 100 to 104."""

    class Meta:
        model = ExportProfile

    name = factory.Sequence(lambda number: f"Payroll office {number}")
    components = factory.LazyFunction(
        lambda: {part: str(100 + number) for number, part in enumerate(COMPONENTS)}
    )
