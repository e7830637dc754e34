"""The hooks of .pre-commit-config.yaml are local, and their programs exist."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
REPOSITORIES = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
HOOKS = [hook for repository in REPOSITORIES for hook in repository["hooks"]]


def test_no_hook_is_downloaded():
    assert [repository["repo"] for repository in REPOSITORIES] == ["local"]
    assert {hook["language"] for hook in HOOKS} == {"system"}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_the_program_of_a_hook_exists(hook):
    program, *arguments = hook["entry"].split()
    assert program == ".venv/bin/python"
    for argument in arguments:
        if argument.endswith(".py"):
            assert (ROOT / argument).is_file(), argument
