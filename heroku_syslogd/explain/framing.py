"""The message in what somebody pasted: a frame with or without octet count, or a rendered line."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from heroku_syslogd.listeners.hints import HINTS
from heroku_syslogd.wire import FrameDecoder, FrameFault, frame_of_rendered

_BLANKS: Final = b" \r\n\0"
_DATE: Final = re.compile(rb"(?:\xef\xbb\xbf)?[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT: Final = re.compile(rb"([1-9][0-9]{0,6}) (?=<)")
_LINE_END: Final = re.compile(rb"[\n\0]")
_NO_FORM: Final = "neither a frame nor a line as `heroku logs` prints it"
_RENDERED_FORM: Final = (
    "it begins with a date, but is not of the form that `heroku logs` prints:"
    " TIME APP-NAME[PROCID]: text, with a T between date and time"
)


class Framing(NamedTuple):
    """How a message is framed, or why there is none.

    Attributes:
        form: In what form it was given.
        frame: The message; None if it is refused.
        octet_count: What there is to say about the octet count; empty without one.
        note: What there is to say beside that.
        reason: Why it is refused, as the metrics name it.
        problem: The same for people.
        is_rendered: Whether it is a line as ``heroku logs`` prints it.
    """

    form: str
    frame: bytes | None
    octet_count: str = ""
    note: str = ""
    reason: str = ""
    problem: str = ""
    is_rendered: bool = False


def unframe(line: bytes, max_frame_bytes: int) -> Framing:
    """Find the message in a line. A final LF may be missing: shells drop it.

    Blanks before it are passed over, as between two messages.

    Args:
        line: What was pasted.
        max_frame_bytes: Longest message accepted.
    """
    line = line.lstrip(_BLANKS)
    if not line:
        return Framing("nothing", None, reason=FrameFault.EMPTY, problem="there is no line")
    if _DATE.match(line):
        framing = _rendered(line)
    elif match := _COUNT.match(line):
        framing = _counted(int(match[1]), line[match.end() :], max_frame_bytes)
    elif line.startswith(b"<"):
        framing = Framing("message without octet count", *_first_line(line))
    else:
        framing = _malformed(line)
    if framing.frame is not None and len(framing.frame) > max_frame_bytes:
        return _too_long(framing.form, len(framing.frame), max_frame_bytes)
    return framing


def _rendered(line: bytes) -> Framing:
    form = "line as `heroku logs` prints it"
    text, octet_count, note = _first_line(line)
    frame = frame_of_rendered(text)
    if frame is None:
        reason = FrameFault.UNEXPECTED_BYTE
        return Framing(_NO_FORM, None, reason=reason, problem=_RENDERED_FORM)
    return Framing(form, frame, octet_count, note, is_rendered=True)


def _first_line(line: bytes) -> tuple[bytes, str, str]:
    """Return the first line, nothing about a count, and a note if there is more."""
    match = _LINE_END.search(line)
    if match is None or match.end() == len(line):
        return line[: match.start()] if match else line, "", ""
    more = len(line) - match.end()
    return line[: match.start()], "", f"{more:,} bytes follow its line end; they are another line"


def _counted(count: int, rest: bytes, max_frame_bytes: int) -> Framing:
    form = "frame with octet count (RFC 6587)"
    found = len(rest)
    if count > max_frame_bytes:
        return _too_long(form, count, max_frame_bytes)
    numbers = f"{count:,} bytes announced, {found:,} found"
    if found == count:
        return Framing(form, rest, f"{numbers}: fits")
    if found == count - 1 and not rest.endswith(b"\n"):
        numbers = f"{count:,} bytes announced, {found:,} and the final LF, which shells drop, found"
        return Framing(form, rest + b"\n", f"{numbers}: fits")
    if found < count:
        problem = f"does not fit: {count - found:,} bytes would be taken from what follows"
        return Framing(form, rest, f"{numbers}: {problem}")
    frame, more = rest[:count], rest[count:]
    if more in (b"\n", b"\r\n"):
        return Framing(
            form, frame, f"{numbers}: fits; the line end behind it does not belong to it"
        )
    if _COUNT.match(more):
        return Framing(
            form, frame, f"{numbers}: fits", "another frame follows; explain it by itself"
        )
    problem = f"does not fit: {len(more):,} bytes would be left over and rejected"
    return Framing(form, rest, f"{numbers}: {problem}")


def _too_long(form: str, size: int, max_frame_bytes: int) -> Framing:
    problem = f"{size:,} bytes are more than limits.max_frame_bytes, {max_frame_bytes:,}"
    return Framing(form, None, reason=FrameFault.TOO_LONG, problem=problem)


def _malformed(line: bytes) -> Framing:
    """Let the decoder say what is wrong at the start of a stream that begins so."""
    decoder = FrameDecoder()
    faults = decoder.feed(line).faults + decoder.finish().faults
    reason = faults[0].reason
    return Framing(_NO_FORM, None, reason=reason, problem=HINTS[reason])
