"""Each mutation rule finds code to change, and the tests of each area exist; `make prove ARGS=mutants` runs them."""

import ast

import pytest

from isolation.mutation.areas import AREAS, ROOT, Area, list_files
from isolation.mutation.equivalent import EQUIVALENT
from isolation.mutation.mutators import Source
from isolation.mutation.runner import SAMPLE_SIZE, main, select_mutants


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_area_has_mutants_that_parse(area: Area) -> None:
    tried = select_mutants(area, sample_size=SAMPLE_SIZE)
    assert len(tried) == SAMPLE_SIZE
    for mutant in tried:
        ast.parse(mutant.text)
        assert mutant.text != (ROOT / mutant.path).read_text("utf-8")
    for argument in area.tests:
        assert (ROOT / argument.split("::")[0]).exists(), argument


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_each_rule_of_an_area_makes_a_mutant(area: Area) -> None:
    """A rule that refers to a renamed function makes no mutant and would be useless."""
    for pattern, rules in area.targets:
        sources = [
            Source((ROOT / path).read_text("utf-8")) for path in list_files(pattern)
        ]
        for number, rule in enumerate(rules):
            edits = (edit for source in sources for edit in rule(source))
            assert next(edits, None), f"{pattern}: rule {number}"


def test_larger_sample_contains_the_smaller_one() -> None:
    for area in AREAS[:3]:
        narrow, wide = (
            {mutant.text for mutant in select_mutants(area, sample_size=sample_size)}
            for sample_size in (SAMPLE_SIZE, 2 * SAMPLE_SIZE)
        )
        assert narrow <= wide, area.name


def test_equivalent_mutants_exist_and_have_a_reason() -> None:
    keys = {mutant.key for area in AREAS for mutant in area.mutants()}
    assert keys >= EQUIVALENT.keys()
    assert all(EQUIVALENT.values())


def test_list_option_prints_the_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--sample-size", "3", "middleware"]) == 0
    first, *mutants = capsys.readouterr().out.splitlines()
    assert first == "middleware: 3"
    assert len(mutants) == 3
