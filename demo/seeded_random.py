"""Chance that comes out the same each time."""

import random
import uuid
from datetime import datetime


def dice(*names: object) -> random.Random:
    """A source of chance of its own for what these names stand for, so that one part's does not disturb another's."""
    return random.Random("/".join(map(str, names)))  # noqa: S311 -- sample data


def id_at(moment: datetime, rng: random.Random) -> uuid.UUID:
    """A UUID of version 7, as a row that was made at that moment would have."""
    milliseconds = int(moment.timestamp() * 1000)
    chance = rng.getrandbits(74)
    return uuid.UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | (chance >> 62) << 64
        | 0b10 << 62
        | chance & ((1 << 62) - 1)
    )
