"""Messages without their framing: headers that are odd, and texts that are not what they seem."""

from __future__ import annotations

from typing import Final

from fuzz.seeds import Seed

_RFC5424: Final = "RFC 5424, section 6"
_RFC3164: Final = "RFC 3164, section 4.1"
_LOGPLEX: Final = "heroku/logplex, src/logplex_syslog_utils.erl"
_TIME: Final = b"2024-01-02T03:04:05.678901+00:00"
_HEAD: Final = b"<134>1 %s d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc " % _TIME
_PLATFORM: Final = _HEAD + b"heroku web.1 - - "
_ROUTER: Final = _HEAD + b"heroku router - - "
_OUTPUT: Final = _HEAD + b"app web.1 - - "
_SAMPLE: Final = b"source=web.1 dyno=heroku.1.3f0c8a5e-1d2b-4c3d-9e8f-0a1b2c3d4e5f "

MESSAGES: Final = (
    # Headers
    Seed("app-name-49", _HEAD + b"a" * 49 + b" web.1 - - x\n", "APP-NAME", "grafana/loki#3839"),
    Seed("app-name-300", _HEAD + b"a" * 300 + b" web.1 - - x\n", "APP-NAME", "grafana/loki#4270"),
    Seed("procid-200", _HEAD + b"app " + b"w" * 200 + b" - - x\n", "PROCID", "telegraf#7100"),
    Seed("no-structured-data", _HEAD + b"app web.1 - x\n", "no SD", "heroku/logplex#204"),
    Seed(
        "item-like-nil",
        _HEAD + b"app web.1 - - item\n",
        "no SD",
        "EasyPost/syslog-rfc5424-parser#18",
    ),
    Seed(
        "bracket-like-sd",
        _HEAD + b"app web.1 - [YELLOW] [12-2] x\n",
        "no SD",
        "pganalyze/collector",
    ),
    Seed("sd", _HEAD + b'app web.1 - [a b="c\\]\\"d"][e f="g"] x\n', "SD", _RFC5424),
    Seed("sd-unclosed", _HEAD + b'app web.1 - [a b="c x\n', "SD", _RFC5424),
    Seed("sd-then-nothing", _HEAD + b'app web.1 ID [a b="c"]', "SD", _RFC5424),
    Seed("msgid", _HEAD + b"app web.1 ID47 - x - y\n", "MSGID", _RFC5424),
    Seed("no-msgid", _HEAD + b"app web.1\n", "cut", _RFC5424),
    Seed("no-procid", _HEAD + b"app", "cut", _RFC5424),
    Seed("no-msg", _HEAD + b"app web.1 - -", "no MSG", _RFC5424),
    Seed(
        "empty-line", _HEAD + b"app web.1 - - \n", "empty", "thermondo/log-reporter, log_parser.rs"
    ),
    Seed("nil-everything", b"<13>1 - - - - - - x", "nil", _RFC5424),
    Seed("two-spaces", b"<13>1  -  app web.1 - - x", "two spaces", _RFC5424),
    Seed("pri-999", b"<999>1 - h app web.1 - - x", "PRI", _RFC5424),
    Seed("pri-192", b"<192>1 - h app web.1 - - x", "PRI", _RFC5424),
    Seed("pri-zeros", b"<007>1 - h app web.1 - - x", "PRI", _RFC5424),
    Seed("pri-empty", b"<>1 - h app web.1 - - x", "PRI", _RFC5424),
    Seed("version-2", b"<13>2 - h app web.1 - - x", "VERSION", _RFC5424),
    Seed(
        "router-2-header",
        b"<158>1 %s heroku[router]: at=info\n" % _TIME,
        "header",
        "log-reporter#441",
    ),
    Seed("tag-with-bracket", b"<13>1 %s a[b][c]: x\n" % _TIME, "header", "log-reporter#441"),
    Seed("rfc-3164", b"<34>Oct 11 22:14:15 mymachine su[231]: failed\n", "RFC 3164", _RFC3164),
    Seed("rfc-3164-cut", b"<34>Oct 11 22:14:15 mymachine su\n", "RFC 3164", _RFC3164),
    Seed("rfc-3164-text", b"<13>just some text\n", "RFC 3164", _RFC3164),
    Seed(
        "cisco", b"<189>29: %SYS-5-CONFIG_I: Configured\n", "RFC 3164", "vectordotdev/vector#4852"
    ),
    Seed("pri-alone", b"<13>", "cut", _RFC3164),
    Seed(
        "time-z-and-offset", b"<13>1 2012-12-10T03:51:41Z+00:00 h app web.1 - - x", "TIME", _LOGPLEX
    ),
    Seed("time-year-0", b"<13>1 0000-00-00T00:00:00Z h heroku web.1 - - Idling", "TIME", _LOGPLEX),
    Seed(
        "time-far-offset",
        b"<13>1 0001-01-01T00:00:00+23:59 h heroku web.1 - - Idling",
        "TIME",
        _LOGPLEX,
    ),
    Seed(
        "time-week-date", b"<13>1 2024-W01-2T03:04:05Z h heroku web.1 - - Idling", "TIME", _LOGPLEX
    ),
    # Bytes
    Seed("bom", _OUTPUT + b"\xef\xbb\xbfhello\n", "BOM", "RFC 5424, section 6.4"),
    Seed("bom-twice", _OUTPUT + b"\xef\xbb\xbf\xef\xbb\xbfhello\n", "BOM", "RFC 5424, section 6.4"),
    Seed(
        "ansi",
        _OUTPUT + b"\x1b[1;34mINFO \x1b[0mpid=2\n",
        "ANSI",
        "denkungsart/terraform-heroku-cloudwatch-logging",
    ),
    Seed("invalid-utf-8", _HEAD + b"app w\xffb.1 - - \xc0\x80\xed\xa0\x80\n", "UTF-8", _LOGPLEX),
    Seed("nul", _OUTPUT + b"a\0b\n", "NUL", _LOGPLEX),
    Seed("cr", _OUTPUT + b"a\r\n", "CR", _LOGPLEX),
    Seed(
        "lf-inside", _OUTPUT + b"a\n\n<134>1 - x heroku web.1 - - Idling\n", "LF inside", _LOGPLEX
    ),
    Seed("control-in-names", _HEAD + b"a\x07p\tp w\x1bb.1 - - x\n", "control", _LOGPLEX),
    # Texts
    Seed(
        "l10-of-today",
        _HEAD + b"heroku logplex - - Error L10 (output buffer overflow): drain 'd.9173ea1f-6f14-"
        b"4976-9cf0-7cd0dafdcdbc' dropped 1 messages since 2022-04-13T19:41:45.256379+00:00.\n",
        "L10",
        "DataDog/heroku-buildpack-datadog#294",
    ),
    Seed(
        "l10-of-old",
        _HEAD + b"heroku logplex - - Error L10 (output buffer overflow): 2 messages dropped since "
        b"2017-08-31T14:44:12+00:00.\n",
        "L10",
        "heroku/logplex#105",
    ),
    Seed(
        "h12",
        _ROUTER + b'at=error code=H12 desc="Request timeout" method=GET path="/" host=h '
        b'request_id=8601b555 fwd="192.0.2.1" dyno=web.1 connect=1ms service=30000ms status=503 '
        b"bytes=0 protocol=https\n",
        "H12",
        "vojtad/heroku-logs-exporter",
    ),
    Seed(
        "request-with-forged-tail",
        _ROUTER
        + b'at=info method=GET path="/x" host=h dyno=web.9 status=200 bytes=1 protocol=http" '
        b'host=h request_id=1 fwd="192.0.2.1" dyno=web.1 connect=0ms service=3ms status=500 '
        b"bytes=2256 protocol=http2.0 tls=true tls_version=tls1.3\n",
        "forged",
        'Dev Center, "HTTP Routing"',
    ),
    Seed("request-cut", _ROUTER + b'at=info method=GET path="/x', "cut", "ryandotsmith/l2met#118"),
    Seed(
        "load-sample",
        _PLATFORM + _SAMPLE + b"sample#load_avg_1m=2.46 sample#load_avg_5m=1.06 "
        b"sample#load_avg_15m=0.99\n",
        "sample",
        'Dev Center, "log-runtime-metrics"',
    ),
    Seed(
        "memory-sample",
        _PLATFORM + _SAMPLE + b"sample#memory_total=21.00MB sample#memory_rss=21.22MB "
        b"sample#memory_cache=0.00MB sample#memory_swap=0.00MB sample#memory_pgpgin=348836pages "
        b"sample#memory_pgpgout=343403pages sample#memory_quota=512.00MB\n",
        "sample",
        'Dev Center, "log-runtime-metrics"',
    ),
    Seed(
        "sample-cut",
        _PLATFORM + _SAMPLE + b"sample#load_avg_1m=2.",
        "cut",
        "ryandotsmith/l2met#118",
    ),
    Seed("forged-sample", _OUTPUT + _SAMPLE + b"sample#memory_rss=1.00MB\n", "forged", _LOGPLEX),
    Seed("forged-error", _OUTPUT + b"Error R14 (Memory quota exceeded)\n", "forged", _LOGPLEX),
    Seed(
        "to-down", _PLATFORM + b"State changed from up to down\n", "state", "heroku-logs-exporter"
    ),
    Seed(
        "unterminated-quote",
        _OUTPUT + b'this_is="broken\n',
        "quote",
        "apiaryio/heroku-datadog-drain-golang#29",
    ),
    Seed(
        "l2met-broken",
        _OUTPUT + b'measure#a="1 measure#b= count#=1 sample#c=1e99ms\n',
        "quote",
        "l2met#118",
    ),
    Seed(
        "postgres-escaped-level",
        _HEAD + b'app postgres.1 - - [DATABASE] [1-1]  sql_error_code = 28000 user="x" LOG:  '
        b'duration: 1 ms  statement: y" FATAL:  no such user\n',
        "forged",
        'Dev Center, "Postgres Logs and Errors"',
    ),
    Seed(
        "postgres-unknown-key",
        _HEAD
        + b"app heroku-postgres - - source=DATABASE addon=a sample#new-key=1 sample#tables=17",
        "new key",
        "DataDog/heroku-buildpack-datadog#238",
    ),
)
