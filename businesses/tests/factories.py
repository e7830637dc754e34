"""Factories of businesses. They need the platform scope, which alone may create businesses."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from businesses.models import Business


class BusinessFactory(DjangoModelFactory[Business]):
    class Meta:
        model = Business

    business_name = factory.Sequence(lambda number: f"Business {number}")
    business_code = factory.Sequence(lambda number: f"business-{number}")
    language: Any = Business.Language.ENGLISH
