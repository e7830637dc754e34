"""Factories of businesses.

Only the platform scope may create businesses, so the factories need it.
"""

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
