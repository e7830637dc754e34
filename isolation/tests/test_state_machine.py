"""A few sequences of the state machine, always the same; `make prove` runs many, different each time."""

import pytest

from isolation.state_machine import run


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_in_whatever_order_each_sees_its_own() -> None:
    assert run(examples=8, steps=20) > 100
