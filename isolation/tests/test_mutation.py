"""Each mutation rule finds code to change, and the tests of each area exist; `make prove ARGS=mutants` runs them."""

import ast

import pytest

from isolation.mutation.areas import AREAS, ROOT, Area, files
from isolation.mutation.equivalent import EQUIVALENT
from isolation.mutation.mutators import Source
from isolation.mutation.runner import MOST, chosen, main


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_an_area_has_mutants_that_can_be_tried(area: Area) -> None:
    tried = chosen(area, most=MOST)
    assert len(tried) == MOST
    for mutant in tried:
        ast.parse(mutant.text)
        assert mutant.text != (ROOT / mutant.path).read_text("utf-8")
    for asked in area.tests:
        assert (ROOT / asked.split("::")[0]).exists(), asked


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_each_rule_of_an_area_finds_something(area: Area) -> None:
    """A rule that refers to a renamed function makes no mutant and would be useless."""
    for pattern, rules in area.targets:
        sources = [Source((ROOT / path).read_text("utf-8")) for path in files(pattern)]
        for number, rule in enumerate(rules):
            edits = (edit for source in sources for edit in rule(source))
            assert next(edits, None), f"{pattern}: rule {number}"


def test_a_wider_spread_is_the_narrow_one_and_more() -> None:
    for area in AREAS[:3]:
        narrow, wide = (
            {mutant.text for mutant in chosen(area, most=most)}
            for most in (MOST, 2 * MOST)
        )
        assert narrow <= wide, area.name


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    keys = {mutant.key for area in AREAS for mutant in area.mutants()}
    assert keys >= EQUIVALENT.keys()
    assert all(EQUIVALENT.values())


def test_it_says_what_it_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--most", "3", "middleware"]) == 0
    first, *mutants = capsys.readouterr().out.splitlines()
    assert first == "middleware: 3"
    assert len(mutants) == 3
