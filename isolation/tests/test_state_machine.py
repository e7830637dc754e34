"""A few sequences of the state machine, always the same; `make prove` runs many, different each time."""

import pytest

from isolation.state_machine import run


@pytest.mark.django_db(transaction=True)
def test_random_operations_show_only_own_rows() -> None:
    assert run(examples=8, steps=20) > 100
