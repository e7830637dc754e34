"""Reproducible random numbers and ids."""

import random
import uuid
from datetime import datetime


def dice(*names: object) -> random.Random:
    """Return a random generator seeded by these names.

    Separate generators keep the parts of the demo data independent.
    """
    return random.Random("/".join(map(str, names)))  # noqa: S311 -- sample data


def id_at(moment: datetime, rng: random.Random) -> uuid.UUID:
    """Return a UUID of version 7 for a row created at `moment`."""
    milliseconds = int(moment.timestamp() * 1000)
    chance = rng.getrandbits(74)
    return uuid.UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | (chance >> 62) << 64
        | 0b10 << 62
        | chance & ((1 << 62) - 1)
    )
