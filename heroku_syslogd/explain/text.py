"""An explanation for people, without a secret in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TextIO

import msgspec
from prometheus_client.samples import Sample

from heroku_syslogd.drains import Refusal, redact_token
from heroku_syslogd.explain.explanation import Explanation, Meaning, Verdict
from heroku_syslogd.explain.tables import KNOWN_LINES, event_fields, trust
from heroku_syslogd.heroku import LogLoss
from heroku_syslogd.terminal import can_draw, console, printable
from heroku_syslogd.wire import HeaderFault, Message

_FACILITIES: Final = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news"),
    *("uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)
_SEVERITIES: Final = (
    *("emergency", "alert", "critical", "error"),
    *("warning", "notice", "info", "debug"),
)
_LONGEST_TEXT: Final = 2000
_EXCERPT: Final = 60
_LABEL_WIDTH: Final = 16
_ELLIPSIS: Final = "…"

_Line = list[tuple[str, str]]
"""Parts of a line, with their styles."""

# Whoever knows a token can send lines in the app's name. A text can hold those of other drains too,
# as L10 does; only the beginning is shown, as in the labels.
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9])([dt]\.[0-9a-f]{8})-[0-9a-f-]+", re.IGNORECASE)
_ANY_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9])([dt]\.[^\s]{8})[^\s]+")


class Section(NamedTuple):
    """A part of the explanation.

    Attributes:
        title: What it is about.
        rows: Labels and texts.
        block: Lines that stand as they are.
    """

    title: str
    rows: tuple[tuple[str, str], ...] = ()
    block: tuple[str, ...] = ()


def sections(explanation: Explanation) -> list[Section]:
    """Return the parts of an explanation, tokens shortened."""

    def hidden(text: str) -> str:
        if token:
            text = text.replace(token, f"{redact_token(token.encode())}{_ELLIPSIS}")
        return _TOKEN.sub(rf"\1{_ELLIPSIS}", text)

    header = explanation.header
    token = _token(header.hostname) if isinstance(header, Message) else ""
    return [
        Section(
            one.title,
            tuple((hidden(label), hidden(text)) for label, text in one.rows),
            tuple(map(hidden, one.block)),
        )
        for one in _sections(explanation)
    ]


def conclusion(explanation: Explanation) -> str:
    """Return what it comes to, in a sentence or two."""
    meaning = explanation.meaning
    if meaning is None:
        return f"Refused: {_refusal(explanation)}"
    if meaning.event is not None:
        text = f"Understood: {meaning.event.kind}."
    elif explanation.verdict is Verdict.OUTPUT:
        text = "Plain output of an application: it is counted in heroku_log_* and nothing else."
    else:
        text = (
            f"Not recognised: no rule for lines of {meaning.rule.writer} knows it. It is counted in"
            " heroku_log_* and heroku_unrecognised_messages_total."
        )
    if meaning.lookalike is not None:
        rule, event = meaning.lookalike
        text += (
            f" It reads like a line of {rule.writer} ({event.kind}), but {meaning.rule.writer}"
            " cannot change metrics of the platform."
        )
    return text


def print_explanation(explanation: Explanation, file: TextIO) -> None:
    """Print an explanation, with colours on a terminal, whose width wraps it."""
    if not can_draw(file):
        for parts in _lines(explanation):
            print("".join(text for text, _ in parts), file=file)
        return
    from rich.text import Text

    target = console(file)
    for parts in _lines(explanation):
        target.print(Text.assemble(*parts), soft_wrap=True)


def _lines(explanation: Explanation) -> Iterator[_Line]:
    for section in sections(explanation):
        yield [(section.title, "bold")]
        width = max((len(label) for label, _ in section.rows), default=0)
        for label, text in section.rows:
            yield [(f"  {label:<{max(width, _LABEL_WIDTH)}}  ", "cyan"), (text, "")]
        for line in section.block:
            yield [(f"  {line}", "")]
        yield []
    good = explanation.verdict in (Verdict.UNDERSTOOD, Verdict.OUTPUT)
    yield [(conclusion(explanation), "bold green" if good else "bold yellow")]


def _sections(explanation: Explanation) -> Iterator[Section]:
    framing, header, meaning = explanation.framing, explanation.header, explanation.meaning
    yield Section(
        "Frame",
        _given(
            ("form", framing.form), ("octet count", framing.octet_count), ("note", framing.note)
        ),
    )
    if isinstance(header, HeaderFault):
        yield _fault_section(explanation, header)
    elif header is not None:
        yield _header_section(explanation, header)
    if meaning is None or not isinstance(header, Message):
        return
    writer = (("writer", meaning.rule.writer), ("believed", trust(header, meaning.rule)))
    yield Section("Who writes such lines", writer)
    if meaning.event is not None:
        rows = (_printable_row(row) for row in event_fields(meaning.event))
        yield Section("Event", (("kind", meaning.event.kind), *rows, *_loss_note(meaning, header)))
    elif explanation.verdict is Verdict.UNRECOGNISED:
        known = KNOWN_LINES.get(meaning.rule, ())
        title = f"Lines of {meaning.rule.writer} that are known"
        yield Section(title, known or (("none", ""),))
    series = tuple(map(_exposed, meaning.series))
    yield Section("Series after this one line, on a daemon that was empty", block=series)
    for document in meaning.documents:
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        yield Section("Structured event", block=tuple(text.splitlines()))


def _loss_note(meaning: Meaning, header: Message) -> tuple[tuple[str, str], ...]:
    event = meaning.event
    if not isinstance(event, LogLoss) or event.drain in ("", header.hostname.decode("latin-1")):
        return ()
    return (("note", "the loss is not that of the drain in HOSTNAME, so it is not counted here"),)


def _header_section(explanation: Explanation, header: Message) -> Section:
    shown = _printable(header.msg)
    if len(shown) > _LONGEST_TEXT:
        shown = shown[:_LONGEST_TEXT] + _ELLIPSIS
    return Section(
        "Header",
        (
            *_dialect_rows(explanation),
            ("PRI", _pri(header.pri)),
            ("TIME", _time(header, explanation.meaning)),
            ("HOSTNAME", _hostname(header.hostname, explanation)),
            ("APP-NAME", _printable(header.app_name)),
            ("PROCID", _printable(header.procid)),
            ("MSGID", _printable(header.msgid)),
            ("STRUCTURED-DATA", _printable(header.structured_data)),
            ("MSG", f"{len(header.msg):,} bytes: {shown}" if header.msg else "empty"),
        ),
    )


def _fault_section(explanation: Explanation, fault: HeaderFault) -> Section:
    """Show where the header parser stopped."""
    frame = explanation.framing.frame or b""
    before = _without_tokens(frame[: fault.column])[-_EXCERPT:]
    excerpt = before + _without_tokens(frame[fault.column :])[:_EXCERPT]
    rows = (*_dialect_rows(explanation), ("column", f"{fault.column}: expected {fault.expected}"))
    return Section("Header", rows, (excerpt, " " * len(before) + "^"))


def _dialect_rows(explanation: Explanation) -> tuple[tuple[str, str], ...]:
    if explanation.dialect is None:
        return ()
    return (("dialect", f"{explanation.dialect.value}: {explanation.dialect_reason}"),)


def _pri(pri: int) -> str:
    return f"{pri}: {_FACILITIES[pri // 8]}.{_SEVERITIES[pri % 8]}"


def _time(header: Message, meaning: Meaning | None) -> str:
    text = _printable(header.timestamp)
    if meaning is None:
        return text
    if meaning.time is None:
        return f"{text}: not a time that can be read; the line is dated by its arrival"
    if meaning.is_ahead:
        return f"{text}: far ahead of our clock; the line is dated by its arrival"
    return text


def _hostname(hostname: bytes, explanation: Explanation) -> str:
    shown = redact_token(hostname)
    if hostname == b"-":
        shown = "-"
    elif shown.encode() != hostname:
        shown += _ELLIPSIS
    meaning = explanation.meaning
    if meaning is None:
        return shown
    named = "configured" if meaning.is_configured else "not in [drains.tokens]"
    return f"{shown}: app {meaning.app}, {named}"


def _refusal(explanation: Explanation) -> str:
    framing, header = explanation.framing, explanation.header
    if framing.frame is None:
        return f"{framing.reason}: {framing.problem}"
    if isinstance(header, HeaderFault):
        return f"header: {header.reason}: at column {header.column}, expected {header.expected}"
    if explanation.refusal is Refusal.UNKNOWN_DRAIN:
        return (
            "unknown_drain: HOSTNAME is not in [drains.tokens], and [drains] unknown is reject, or"
            " it is the name of an application that is configured"
        )
    return str(explanation.refusal)


def _exposed(sample: Sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
    return f"{sample.name}{{{labels}}} {repr(float(sample.value)).removesuffix('.0')}"


def _given(*rows: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(row for row in rows if row[1])


def _printable_row(row: tuple[str, str]) -> tuple[str, str]:
    return row[0], _printable(row[1].encode("utf-8", "surrogateescape"))


def _printable(token: bytes) -> str:
    """Return bytes as text that does nothing to a terminal."""
    return printable(token.decode("utf-8", "backslashreplace"))


def _without_tokens(part: bytes) -> str:
    return _ANY_TOKEN.sub(rf"\1{_ELLIPSIS}", _printable(part))


def _token(hostname: bytes) -> str:
    """Return HOSTNAME if it is a token of whatever form and longer than what may be shown."""
    return _printable(hostname) if _ANY_TOKEN.fullmatch(_printable(hostname)) else ""
