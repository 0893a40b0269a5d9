"""The bytes of a drain's HTTP requests and of their answers. Pure.

Source: heroku/logplex, ``logplex_http_drain.erl`` and ``cowboy_client.erl``. The answer is read the
way that client does it, which asks for more than HTTP does.
"""

from __future__ import annotations

import base64
import re
from typing import Final, NamedTuple

from heroku_syslogd.simulate.http_batches import Attempt
from heroku_syslogd.simulate.target import Target

_USER_AGENT: Final = "Logplex/v72"
_SPACE_USER_AGENT: Final = "excon/0.76.0"
_CONTENT_TYPE: Final = "application/logplex-1"

# Whatever the reason phrase is, there is a space in front of it.
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")
_CONTENT_LENGTH: Final = re.compile(rb"[0-9]{1,18}")


class AnswerError(Exception):
    """The answer is not one that Logplex understands."""


class Head(NamedTuple):
    """The head of an answer.

    Attributes:
        status: Status code.
        body_bytes: Length of the body by ``Content-Length``, 0 without one.
    """

    status: int
    body_bytes: int


def request_head(target: Target, token: str, attempt: Attempt) -> bytes:
    """Return the head of the request for ``attempt``.

    The headers and their order are those of ``logplex_http_drain:request_to_iolist/2``; a batch
    without Frame-Id has those of a Private Space, as in vectordotdev/vector issue 6607.
    """
    length = sum(map(len, attempt.frames))
    authorization = _authorization(target)
    if attempt.frame_id is None:
        headers = {
            "Host": target.authority,
            "Connection": "close",
            "User-Agent": _SPACE_USER_AGENT,
            "Accept": "*/*",
            "Content-Type": _CONTENT_TYPE,
            **authorization,
            "Content-Length": str(length),
        }
    else:
        headers = {
            "Host": target.authority,
            **authorization,
            "Content-Type": _CONTENT_TYPE,
            "Logplex-Msg-Count": str(attempt.msg_count),
            "Logplex-Frame-Id": attempt.frame_id,
            "Logplex-Drain-Token": token,
            "User-Agent": _USER_AGENT,
            "Content-Length": str(length),
        }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def parse_head(lines: list[bytes]) -> Head:
    """Parse the head of an answer: its lines without CRLF and without the empty last one.

    Raises:
        AnswerError: The status line has no space behind its code, a header has no colon, the
            length is no number, or the body is chunked.
    """
    status_line, *headers = lines
    match = _STATUS_LINE.match(status_line)
    if match is None:
        raise AnswerError(f"not a status line that Logplex reads: {status_line[:40]!r}")
    length = 0
    for header in headers:
        name, colon, value = header.partition(b":")
        if not colon:
            raise AnswerError(f"a header without a colon: {header[:40]!r}")
        value = value.removeprefix(b" ")
        if name.lower() == b"content-length":
            if not _CONTENT_LENGTH.fullmatch(value):
                raise AnswerError(f"not a Content-Length: {value[:40]!r}")
            length = int(value)
        elif name.lower() == b"transfer-encoding" and b"chunked" in value.lower():
            # The published Logplex would take the chunks for the beginning of the next answer.
            raise AnswerError("a chunked answer, which Logplex cannot read")
    return Head(int(match[1]), length)


def _authorization(target: Target) -> dict[str, str]:
    if target.userinfo is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(target.userinfo.encode()).decode()}"}
