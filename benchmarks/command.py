"""What the commands have in common: bounds of their options, and the way from those to figures."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from benchmarks.peers import ReceiverError

Figures = dict[str, Any]
"""What was measured, as it stands in the JSON."""

_Number = TypeVar("_Number", int, float)


def bounded(
    kind: Callable[[str], _Number], least: _Number, most: _Number | None = None
) -> Callable[[str], _Number]:
    """Return a ``type`` of argparse: a number that is neither less nor more than that.

    Args:
        kind: Converts the text: int or float.
        least: The least there may be.
        most: The most; None: there is none.
    """

    def parse(text: str) -> _Number:
        value = kind(text)
        if not value >= least:  # nor is NaN
            raise argparse.ArgumentTypeError(f"expected {least:g} or more")
        if most is not None and value > most:
            raise argparse.ArgumentTypeError(f"expected {most:g} or less")
        return value

    parse.__name__ = kind.__name__  # argparse names it where the text is no number
    return parse


def new_parser(description: str, *, pins: bool = True) -> argparse.ArgumentParser:
    """Return a parser of the options that all have.

    Args:
        description: The docstring of the command; its first line is shown.
        pins: Whether the command chooses processors.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    add = parser.add_argument
    add("--json", type=Path, metavar="FILE", help="write the figures there, too")
    if pins:
        add("--no-pin", action="store_true", help="let the kernel choose the processors")
    return parser


def headed(report: Callable[[Figures], str]) -> Callable[[Figures], str]:
    """Return a report with what figures of one daemon depend on above it."""

    def shown(figures: Figures) -> str:
        daemon = f"Python {figures['python']}{', compiled' * figures['compiled']}"
        return f"{daemon}; load average {os.getloadavg()[0]:.2f}\n{report(figures)}"

    return shown


def run_benchmark(
    options: argparse.Namespace,
    measure: Callable[[argparse.Namespace, Path], Figures],
    report: Callable[[Figures], str],
    *,
    directory: Path | None = None,
    fault: Callable[[Figures], str | None] = lambda _: None,
) -> int:
    """Measure, print the report, write the figures; return the exit code: 0, or 1.

    Args:
        options: Of the command line; those of `new_parser`, and what ``measure`` needs.
        measure: Returns the figures; is given a directory of its own, and raises ReceiverError,
            RuntimeError or OSError where there are none.
        report: Returns the figures as text.
        directory: Where that directory is made; None: where the system makes its own.
        fault: Returns why figures that there are mean a failure; None: they do not.
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with TemporaryDirectory(dir=directory) as own:
        try:
            figures = measure(options, Path(own))
        except (ReceiverError, RuntimeError, OSError) as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    print(report(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, default=sorted) + "\n")
    if found := fault(figures):
        print(f"failed: {found}", file=sys.stderr)
        return 1
    return 0
