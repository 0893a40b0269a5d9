r"""Statements without what users put into them.

A statement that Postgres logs holds data of the application's users: in its literals, and in its
comments, where libraries leave request ids and the like. `statement_form` takes both out. It splits
a statement as Postgres does (PostgreSQL documentation, "Lexical Structure") and, wherever the text
can be read in two ways, takes out rather than leaves in.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = r"[A-Za-z_\x80-\U0010ffff]"
_NAME_REST: Final = r"[A-Za-z0-9_\x80-\U0010ffff]"

# The alternatives differ by their first characters, and each but the quoted identifier succeeds
# once it has begun, at the end of the text if need be: one pass, without backtracking.
_TOKEN: Final = re.compile(
    rf"""
      (?P<kept> (?:
          (?![eEbBxXnN]'|[uU]&') {_NAME}(?:{_NAME_REST}|\$)*
        | "[^"]*(?:""[^"]*)*"             # an identifier
        | \$[0-9]{{1,5}}(?!{_NAME_REST})  # a parameter
        | [^A-Za-z0-9_'"$./\x80-\U0010ffff-]
        | \.(?![0-9])
        | -(?!-)
        | /(?!\*)
      )+ )
    | (?P<literal>
          [eE]'(?:[^'\\]+|\\.|'')*(?:'|\\?\Z)
          # In other literals a backslash before a quote is itself today, but escaped the quote
          # before standard_conforming_strings. With no telling which, the rest is taken out.
        | (?:[bBxXnN]|[uU]&)?'(?:[^'\\]+|\\(?:[^']|\Z)|'')*(?:'|\\'.*|\Z)
        | \$(?P<tag>(?:{_NAME}{_NAME_REST}*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | \.?[0-9](?:[eE][+-]?[0-9]|[0-9._])*(?:{_NAME}(?:{_NAME_REST}|\$)*)?
      )
    | (?P<comment> --[^\r\n]* )
    | (?P<nested> /\* )
    | (?P<cut> ".* | \${_NAME_REST}* )    # a part of an identifier, a parameter or a tag
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK: Final = re.compile(r"/\*|\*/")
_BLANKS: Final = re.compile(r"[\x00-\x20\x7f]+")
_LIST: Final = re.compile(r"([-+]?\?)(?: ?, ?[-+]?\?)+")
_ROWS: Final = re.compile(r"(\( ?[-+]?\?(?:, \.\.\.)? ?\))(?: ?, ?\( ?[-+]?\?(?:, \.\.\.)? ?\))+")


def statement_form(sql: bytes, limit: int = 4096) -> str:
    """Return a statement without its literals and comments, in one line.

    Literals become ``?``, lists of them ``?, ...``; comments go. Names, quoted ones included, and
    parameters (``$1``) stay. A statement may end anywhere, for Postgres logs long ones in parts;
    the rest of a statement, without its beginning, cannot be read.

    Args:
        sql: The statement from its beginning.
        limit: Most characters of the result.
    """
    form = _without_literals(sql.decode("utf-8", "replace"))
    form = _ROWS.sub(r"\1, ...", _LIST.sub(r"\1, ...", form))
    # The cut may fall into a quoted identifier.
    return form if len(form) <= limit else _without_literals(form[:limit])


def _without_literals(text: str) -> str:
    """Return the text with ``?`` for literals, and one blank for blanks and comments."""
    parts = []
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        if match.lastgroup == "kept":
            parts.append(match[0])
        elif match.lastgroup == "literal":
            parts.append("?")
        else:
            parts.append(" ")
            if match.lastgroup == "nested":
                position = _comment_end(text, position)
    return _BLANKS.sub(" ", "".join(parts)).strip(" ")


def _comment_end(text: str, position: int) -> int:
    """Return where the comment ends that was opened before the position; they nest in Postgres."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)
