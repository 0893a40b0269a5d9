"""Streams of raw syslog, as of a TCP drain: boundaries that are odd, wrong, or none."""

from __future__ import annotations

from typing import Final

from fuzz.seeds import Seed
from heroku_syslogd.wire import encode_frame

_RFC6587: Final = "RFC 6587, section 3.4"
_CVE: Final = "rsyslog CVE-2022-24903"
_GO_SYSLOG: Final = "influxdata/go-syslog, octetcounting/scanner.go"
_LOGPLEX: Final = "heroku/logplex, src/syslog_parser.erl"

_MESSAGE: Final = b"<134>1 2024-01-02T03:04:05.678901+00:00 d.9173ea1f app web.1 - - hello\n"
_LINE: Final = b"<13>1 - host app web.1 - - a line\n"
_FRAME: Final = encode_frame(_MESSAGE)
_CLIENT_HELLO: Final = (
    b"\x16\x03\x01\x00\x3f\x01\x00\x00\x3b\x03\x03" + bytes(range(32)) + b"\x00\x00\x04"
    b"\xc0\x2f\x00\x2f\x01\x00\x00\x0e\x00\x00\x00\x0a\x00\x08\x00\x00\x05a.org"
)

STREAMS: Final = (
    # Counts
    Seed("one-then-lt-twice", b"1 <23>41 <23>4", "loop", "vectordotdev/vector#4895"),
    Seed("one-then-lt-once", b"1 <23>4", "loop", "vectordotdev/vector#4895"),
    Seed("count-10-digits", b"1234567890 <13>1 x\n" + _FRAME, "overflow", _CVE),
    Seed("count-8-digits", b"12345678 <13>1 x\n" + _FRAME, "overflow", _CVE),
    Seed("count-7-digits", b"9999999 <13>1 x\n" + _FRAME, "too long", _CVE),
    Seed("count-21-digits", b"184467440737095516160 <13>1 x\n" + _FRAME, "overflow", _GO_SYSLOG),
    Seed("count-never-ends", b"7" * 300, "unbounded", "rsyslog/rsyslog#1523"),
    Seed("count-leading-zeros", b"0071 " + _MESSAGE + _FRAME, "leading zero", _GO_SYSLOG),
    Seed("count-zero", b"0 " + _FRAME, "zero", _GO_SYSLOG),
    Seed("count-slash", b"/1 <13>1 x" + _FRAME, "off by one", _GO_SYSLOG),
    Seed("count-plus", b"+71 " + _MESSAGE + _FRAME, "sign", _RFC6587),
    Seed("count-minus", b"-1 " + _MESSAGE + _FRAME, "sign", _RFC6587),
    Seed("count-underscore", b"7_1 " + _MESSAGE + _FRAME, "int()", _RFC6587),
    Seed("count-hexadecimal", b"0x47 " + _MESSAGE + _FRAME, "hexadecimal", _RFC6587),
    Seed("count-arabic-digits", b"\xd9\xa7\xd9\xa1 " + _MESSAGE, "isdigit()", _RFC6587),
    Seed("count-no-space", b"71" + _MESSAGE + _FRAME, "no space", "fluent/fluentd#1679"),
    Seed("count-two-spaces", b"71  " + _MESSAGE + _FRAME, "two spaces", "fluent/fluentd#2982"),
    Seed("count-tab", b"71\t" + _MESSAGE + _FRAME, "tab", "fluent/fluentd#2982"),
    Seed("count-includes-space", b"72 " + _MESSAGE + _FRAME, "off by one", "fluent/fluentd#2982"),
    Seed("count-one-too-small", b"70 " + _MESSAGE + _FRAME * 2, "off by one", _LOGPLEX),
    Seed("count-leaves-crlf-out", (b"70 " + _MESSAGE[:-1] + b"\r\n") * 3, "line ending", _RFC6587),
    Seed("count-far-too-large", b"700 " + _MESSAGE + _FRAME * 3, "miscounted", _LOGPLEX),
    Seed("count-far-too-small", b"12 " + _MESSAGE + _FRAME * 3, "miscounted", _LOGPLEX),
    Seed("count-without-pri", b"5 hello" + _FRAME, "no PRI", "rsyslog/rsyslog#4493"),
    Seed(
        "count-of-characters",
        b"30 <13>1 - h app web.1 - - Anon\xe2\x80\x93x\n" + _FRAME,
        "characters",
        "rwdaigle/heroku-log-parser#5",
    ),
    Seed("count-alone", b"71 ", "truncated", _RFC6587),
    Seed("count-cut", b"7", "truncated", _RFC6587),
    Seed("message-cut", _FRAME[:40], "truncated", "influxdata/telegraf#4335"),
    Seed("digit-leading-line", b"5 dogs and a cat\n" + _LINE, "digit", "vectordotdev/vector#4852"),
    Seed("date-leading-line", b"2020-10-28 11:02 x\n" + _LINE, "digit", "vectordotdev/vector#4852"),
    # Framing that is mixed, or the other one
    Seed("frames", _FRAME * 3, "octet counting", _RFC6587),
    Seed("lines", _LINE * 3, "non-transparent", "influxdata/telegraf#4482"),
    Seed("lines-nul", _LINE.replace(b"\n", b"\0") * 3, "NUL", "influxdata/telegraf#4482"),
    Seed("lines-crlf", _LINE.replace(b"\n", b"\r\n") * 3, "CR", "rsyslog/rsyslog#4493"),
    Seed("line-unterminated", _LINE[:-1], "no LF", _RFC6587),
    Seed("frame-line-frame", _FRAME + _LINE + _FRAME + _LINE, "mixed", _LOGPLEX),
    Seed("lf-inside", encode_frame(b"<13>1 - h app web.1 - - a\nb\n") * 2, "LF inside", _LOGPLEX),
    Seed(
        "frame-inside-a-frame",
        encode_frame(b"<13>1 - h app web.1 - - 71 " + _MESSAGE) * 2,
        "forged",
        _LOGPLEX,
    ),
    Seed("nul-inside", encode_frame(b"<13>1 - h app web.1 - - a\0b\n") * 2, "NUL", _GO_SYSLOG),
    Seed("nul-between", _FRAME + b"\0" + _FRAME, "NUL", _GO_SYSLOG),
    Seed("nul-alone", b"\0", "NUL", _GO_SYSLOG),
    Seed("cr-between", _FRAME + b"\r" + _FRAME + b"\r\n" + _FRAME, "CR", "rsyslog/rsyslog#4493"),
    Seed("lf-between", _FRAME + b"\n" + _FRAME + b"\n\n" + _LINE, "LF", "vectordotdev/vector#262"),
    Seed("blanks", b" \r\n\0 " * 20 + _FRAME, "blanks", _RFC6587),
    Seed("garbage-then-frames", b"garbage 12" + _FRAME + b"99 x" + _FRAME, "resync", _RFC6587),
    Seed("digits-then-frame", b"x" + b"9" * 12 + _FRAME, "resync", _RFC6587),
    Seed("boundary-cut-in-garbage", b"x12 <13", "resync", _RFC6587),
    Seed(
        "invalid-utf-8", encode_frame(b"<13>1 - h app web.1 - - \xff\xc0\x80\n"), "UTF-8", _LOGPLEX
    ),
    Seed("oversized", encode_frame(b"<13>1 " + b"x" * 400) + _FRAME, "size", "grafana/loki#3398"),
    Seed(
        "oversized-line",
        b"<13>1 " + b"x" * 400 + b"\n" + _LINE,
        "size",
        "vectordotdev/vector#26439",
    ),
    # Other protocols
    Seed("tls-hello", _CLIENT_HELLO, "TLS", "rsyslog, doc/configuration/modules/imtcp"),
    Seed("tls-hello-cut", b"\x16", "TLS", "rsyslog, doc/configuration/modules/imtcp"),
    Seed("ssl-2-hello", b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", "SSL", "RFC 5246, E.2"),
    Seed("http-get", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP", "heroku/logplex#53"),
    Seed(
        "http-post", b"POST /logs HTTP/1.1\r\nHost: x\r\n\r\n" + _FRAME, "HTTP", "heroku/logplex#53"
    ),
    Seed("http-2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP", "RFC 9113, section 3.4"),
    Seed("http-verb-cut", b"DELET", "HTTP", "heroku/logplex#53"),
    Seed("proxy-v1", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + _FRAME, "PROXY", "rsyslog#5612"),
    Seed("ssh-banner", b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH", "RFC 4253, section 4.2"),
    Seed("empty", b"", "empty", _RFC6587),
)
