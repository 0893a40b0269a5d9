"""The script that measures everything, with an interpreter that only notes what it is to run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from docs.figures import COMPARISON, OTHERS
from tests.benchmarks.programs import ROOT

INTERPRETER: Final = """#!/bin/sh
echo "$1" >> ran
case $1 in
*plot.py) echo "$2" > "$3" ;;
*growth.py) [ ! -f growth_fails ] && echo new > "$3" ;;
*) echo new > "$3" ;;
esac
"""


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks").mkdir()
    shutil.copy(ROOT / "benchmarks/measure_all.sh", tmp_path / "benchmarks")
    figures = tmp_path / "docs/performance"
    figures.mkdir(parents=True)
    (figures / "growth.json").write_text("old\n")
    interpreter = tmp_path / "python"
    interpreter.write_text(INTERPRETER)
    interpreter.chmod(0o755)
    return tmp_path


def measure_all(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(tree / "benchmarks/measure_all.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_everything_that_the_page_shows_is_measured_and_drawn(tree: Path) -> None:
    done = measure_all(tree, str(tree / "python"))

    assert done.returncode == 0, done.stderr
    figures = {path.name: path.read_text() for path in (tree / "docs/performance").iterdir()}
    assert figures == {
        **{f"{name}.json": "new\n" for name in (COMPARISON, *OTHERS)},
        **{f"{name}.svg": f"docs/performance/{name}.json\n" for name in (COMPARISON, "growth")},
    }


def test_step_that_fails_is_named_and_the_others_run(tree: Path) -> None:
    (tree / "growth_fails").touch()

    done = measure_all(tree, str(tree / "python"))

    assert done.returncode == 1
    assert done.stderr == "failed: growth\n"
    assert (tree / "docs/performance/growth.json").read_text() == "old\n"
    assert (tree / "docs/performance/soak.json").read_text() == "new\n"
    assert "benchmarks/plot.py" in (tree / "ran").read_text()


def test_more_than_an_interpreter_is_a_usage_error(tree: Path) -> None:
    assert measure_all(tree, "python", "more").returncode == 2
