"""Writes docs/*.md from docs/templates, the code's own tables and the figures of the benchmarks.

Run as ``python docs/build.py``; with ``--check`` it writes nothing and names the files that differ.
Exit codes: 0, 1 (a file differs), 2 (usage).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from docs import figures
from docs.examples import EXAMPLES, events_of
from heroku_syslogd.catalogue import SECTIONS, Metric, Section
from heroku_syslogd.catalogue.apps import BUCKETS
from heroku_syslogd.heroku import Addon, ApiAction, BuildResult, DynoActionName, Kind
from heroku_syslogd.remote_write.client import Failure
from heroku_syslogd.remote_write.spool import DropReason as RequestDropReason
from heroku_syslogd.sinks import DESCRIPTIONS
from heroku_syslogd.sinks.event_file import DropReason as EventDropReason
from heroku_syslogd.tallies.router import METHODS, OTHER_METHOD
from heroku_syslogd.telemetry import LostReason, RejectReason
from heroku_syslogd.wire import FrameFault, HeaderReason

DOCS: Final = Path(__file__).resolve().parent
_TEMPLATES: Final = DOCS / "templates"
_NOTICE: Final = "<!-- Written by docs/build.py from docs/templates/{}: edit that. -->\n\n"
_VOCABULARIES: Final[Mapping[str, type[StrEnum]]] = {
    **{
        vocabulary.__name__: vocabulary
        for vocabulary in (
            *(LostReason, RejectReason, FrameFault, HeaderReason, Failure),
            *(Addon, ApiAction, BuildResult, DynoActionName),
        )
    },
    "EventDropReason": EventDropReason,
    "RequestDropReason": RequestDropReason,
}
"""By the mark of the templates that they stand in for."""

_MARK: Final = re.compile(r"^\{\{(\w+)\}\}$", re.MULTILINE)
_CONSTANT: Final = re.compile(r"(?<!`)`([A-Z][A-Z_]+)`(?!`)")


# Markdown ----------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a ``|`` within a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def code(language: str, text: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text}\n```"


def values(names: Iterable[str]) -> str:
    """Return label values in one line."""
    return ", ".join(f"`{name}`" for name in names)


def anchor(title: str) -> str:
    """Return the fragment by which GitHub names a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")


# Metrics -----------------------------------------------------------------------------------------


def contents() -> str:
    """Return links to what the page of metrics holds."""
    titles = ["How to read this page", *(section.title for section in SECTIONS)]
    titles += ["Values of labels", "Useful queries"]
    return "\n".join(f"- [{title}](#{anchor(title)})" for title in titles)


def metric_row(metric: Metric) -> tuple[str, ...]:
    """Return a metric's row: name, type and unit, labels, what it says and its source line."""
    kind = f"{metric.type}, {metric.unit}" if metric.unit else f"{metric.type}"
    text = f"{metric.help}<br>Line: {metric.line}" if metric.line else metric.help
    return f"`{metric.name}`", kind, ", ".join(metric.labels), text


def section(of: Section) -> str:
    """Return a section of metrics: their table, and an example query of each."""
    rows = map(metric_row, of.metrics)
    return "\n\n".join(
        (
            f"## {of.title}",
            table(("Metric", "Type, unit", "Labels", "What it says"), rows),
            "An example query of each:",
            code("promql", "\n".join(metric.query for metric in of.metrics)),
        )
    )


# Vocabularies ------------------------------------------------------------------------------------


def explanations(vocabulary: type[StrEnum]) -> dict[str, str]:
    """Return what the source says of the members of an enumeration, by value.

    The strings behind them are no docstrings to the interpreter, so they are read from the source.
    Constants of the module that they name are replaced by their values; as everywhere in this code
    base, a duration is in seconds and a float, and a number of things an integer.
    """
    module = inspect.getmodule(vocabulary)

    def value_of(name: re.Match[str]) -> str:
        value = getattr(module, name[1])
        return f"{value:g} s" if isinstance(value, float) else str(value)

    (definition,) = ast.parse(dedent(inspect.getsource(vocabulary))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for member, behind in pairwise(definition.body):
        match member, behind:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                text = _CONSTANT.sub(value_of, inspect.cleandoc(text).replace("\n", " "))
                found[vocabulary[name].value] = text.replace("``", "`")
    return found


def vocabulary_table(vocabulary: type[StrEnum]) -> str:
    """Return the values of an enumeration; those that the code explains, in a table."""
    explained = explanations(vocabulary)
    plain = values(member.value for member in vocabulary if member.value not in explained)
    if not explained:
        return plain
    rows = ((f"`{value}`", text) for value, text in explained.items())
    explained_table = table(("Value", "Means"), rows)
    return (
        f"{explained_table}\n\nAnd {plain}, which mean what they say." if plain else explained_table
    )


def kinds() -> str:
    """Return the kinds of events, each with a link to its documents."""
    return ", ".join(f"[`{kind}`](events.md#{anchor(kind)})" for kind in Kind)


# Events ------------------------------------------------------------------------------------------


def event_kind(kind: Kind) -> str:
    """Return what there is to say about one kind, with lines and the documents made of them."""
    parts = [f"### `{kind}`", DESCRIPTIONS[kind]]
    for line in EXAMPLES[kind]:
        parts.append(code("text", line))
        parts += (code("json", msgspec.json.format(event).decode()) for event in events_of(line))
    return "\n\n".join(parts)


# Pages -------------------------------------------------------------------------------------------

_PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "contents": contents,
    "sections": lambda: "\n\n".join(map(section, SECTIONS)),
    "kinds": kinds,
    "methods": lambda: values([*sorted(METHODS), OTHER_METHOD]),
    "buckets": lambda: values([*(f"{bound:g}" for bound in BUCKETS), "+Inf"]) + ", in seconds",
    "events": lambda: "\n\n".join(map(event_kind, Kind)),
    **figures.PARTS,
}
"""What stands in for the other marks of the templates."""


def pages() -> Iterator[tuple[str, str]]:
    """Return the name and the text of every page."""

    def part(mark: re.Match[str]) -> str:
        name = mark[1]
        return vocabulary_table(_VOCABULARIES[name]) if name in _VOCABULARIES else _PARTS[name]()

    for template in sorted(_TEMPLATES.glob("*.md")):
        text = _MARK.sub(part, template.read_text())
        yield template.name, _NOTICE.format(template.name) + text


def write(
    files: Iterable[tuple[str, str]],
    directory: Path,
    script: str,
    arguments: Sequence[str] | None = None,
) -> int:
    """Write generated files, or compare them; return the exit code.

    Args:
        files: Path in the directory, and text, of each.
        directory: Where to.
        script: What writes them.
        arguments: Those of the command line: ``--check`` compares.
    """
    parser = argparse.ArgumentParser(description="Write what is made of the code's own tables.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args(arguments).check
    stale = 0
    for name, text in files:
        path = directory / name
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if check:
            print(f"{path}: differs from what it is made of; run python {script}", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{path}: written")
    return 1 if check and stale else 0


def main(arguments: Sequence[str] | None = None, directory: Path = DOCS) -> int:
    """Write the pages, or compare them; return the exit code."""
    return write(pages(), directory, "docs/build.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
