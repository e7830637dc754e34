"""Reproducible random numbers."""

import random


def rng_for(*names: object) -> random.Random:
    """Return a random generator seeded by these names.

    Separate generators keep the parts of the demo data independent.
    """
    return random.Random("/".join(map(str, names)))  # noqa: S311 -- sample data
