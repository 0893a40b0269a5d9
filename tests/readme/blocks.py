"""The code blocks of a document, and the commands of the README."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")

_BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
# What a table holds is not run but looked up.
_OUTSIDE_PROSE: Final = re.compile(r"^\|.*$", re.MULTILINE)
_CODE_SPAN: Final = re.compile(r"`([^`]+)`")


class Block(NamedTuple):
    """A fenced code block.

    Attributes:
        language: What stands behind its fence.
        text: Its lines, without the indentation that a list gives them.
    """

    language: str
    text: str


def blocks(document: str, language: str | None = None) -> list[Block]:
    """Return the code blocks of a document, or those of one language."""
    found = [Block(name, dedent(text)) for _, name, text in _BLOCK.findall(document)]
    return [block for block in found if language in (None, block.language)]


def block_with(part: str, language: str = "console") -> str:
    """Return the text of the one block of the README that contains ``part``."""
    [text] = [block.text for block in blocks(README, language) if part in block.text]
    return text


def commands(part: str) -> str:
    """Return the one block of commands that contains ``part``, for somebody who is root."""
    return block_with(part).replace("sudo ", "")


def spans_with_arguments(document: str) -> list[str]:
    """Return what prose sets as code and has blanks in it: commands, and little else."""
    prose = _OUTSIDE_PROSE.sub("", _BLOCK.sub("", document))
    spans = [" ".join(span.split()) for span in _CODE_SPAN.findall(prose)]
    return [span for span in spans if " " in span]
