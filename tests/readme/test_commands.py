"""Every command of the README is run by a test."""

from __future__ import annotations

from typing import Final

import pytest

from tests.boot import test_boot_readme, tree
from tests.readme import test_quick_start
from tests.readme.blocks import README, ROOT, blocks, commands, spans_with_arguments

CI: Final = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
SUITE: Final = "setup.sh dev"
COMPILED: Final = "sh setup.sh compiled"

RUNNERS: Final = {
    "tests/boot/tree.py": (tree.INSTALL,),
    "tests/boot/test_boot_readme.py": test_boot_readme.STEPS,
    "tests/readme/test_quick_start.py": test_quick_start.TYPED,
    ".ci/run": (SUITE,),
}
"""Who runs which blocks of commands, each of them named by a part of it that no other has."""

SPANS: Final = {
    test_boot_readme.HASH: "tests/boot/test_boot_readme.py",
    test_quick_start.SSH: "tests/readme/test_quick_start.py",
    f"sudo env VENV=/opt/heroku-syslogd {COMPILED}": ".ci/run",
    "mypy --strict": ".ci/run",
    "heroku drains:add": "no command, but the name of one",
    "[admin] address": "no command",
}
"""What stands within a sentence and looks like a command, and who runs it."""

PARTS: Final = [part for parts in RUNNERS.values() for part in parts]


@pytest.mark.parametrize("block", [block.text for block in blocks(README, "console")])
def test_every_block_of_commands_has_one_runner(block: str) -> None:
    assert len([part for part in PARTS if part in block]) == 1


@pytest.mark.parametrize("part", PARTS)
def test_every_runner_has_its_block(part: str) -> None:
    assert part in commands(part)


def test_a_command_stands_in_a_block_of_commands() -> None:
    assert {block.language for block in blocks(README)} == {
        "console",
        "promql",
        "text",
        "toml",
        "yaml",
    }


def test_every_command_within_a_sentence_has_its_runner() -> None:
    assert set(spans_with_arguments(README)) == SPANS.keys()


@pytest.mark.parametrize("command", [commands(SUITE).strip(), COMPILED, "mypy"])
def test_what_ci_runs_stands_there(command: str) -> None:
    assert command in CI
