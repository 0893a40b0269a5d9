"""Streams with unusual boundaries, headers of foreign senders, and what is no syslog at all."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import DynoStateChange, LogLoss, PostgresRecord
from tests.corpus.example import LOGPLEX_1, NO_DRAIN, RFC5424, Example, rendered
from tests.corpus.series import loss, record, state_change, unrecognised

FRAMING: Final = [
    # heroku/logplex issue 105
    Example(
        "13.2 L10 glued to a lifecycle frame",
        LOGPLEX_1,
        b"142 <172>1 2014-11-11T08:24:25+00:00 host heroku logplex - Error L10 (output "
        b"buffer overflow): 1 messages dropped since 2014-11-07T23:29:45+00:00.93 <45>1 "
        b"2014-11-11T08:24:24.064853+00:00 host heroku web.1 - State changed from "
        b"starting to up\n",
        framed=True,
        events=(
            LogLoss("L10", 1, since="2014-11-07T23:29:45+00:00"),
            DynoStateChange("starting", "up"),
        ),
        series=loss("host", "L10", 1) | state_change("host", "web", "starting", "up"),
    ),
    # heroku-influxdb-drain, samples/sample1.txt
    Example(
        "13.3 L10 with a count that is one too large",
        LOGPLEX_1,
        b"148 <172>1 2017-08-28T08:36:13+00:00 host heroku logplex - Error L10 (output "
        b"buffer overflow): 302626 messages dropped since 2017-08-28T08:07:27+00:00.291 "
        b"<158>1 2017-08-28T08:36:13.461949+00:00 host heroku router - at=info "
        b'method=POST path="/logs/heroku_exporter" '
        b"host=desolate-sierra-72778.herokuapp.com "
        b'request_id=863e2b93-a85b-4eae-916c-b4566811afc0 fwd="54.80.233.162" dyno=web.1 '
        b"connect=6ms service=27ms status=400 bytes=259 protocol=https\n",
        framed=True,
        events=(LogLoss("L10", 302626, since="2017-08-28T08:07:27+00:00.2"), None),
        series=loss("host", "L10", 302626) | unrecognised("host", "heroku", "router"),
        faults=("unexpected_byte",),
        note="it eats the 2 of 291, so 91 bytes of the request are left: no request is counted",
    ),
    Example(
        "13.3 L10 alone",
        LOGPLEX_1,
        b"<172>1 2017-08-28T08:36:13+00:00 host heroku logplex - Error L10 (output buffer"
        b" overflow): 302626 messages dropped since 2017-08-28T08:07:27+00:00.",
        framed=False,
        events=(LogLoss("L10", 302626, since="2017-08-28T08:07:27+00:00"),),
        series=loss("host", "L10", 302626),
        note="without its count, which is one too large",
    ),
    # vector, src/sources/heroku_logs.rs
    Example(
        "13.26 count far too large",
        LOGPLEX_1,
        b"1000000 <158>1 2020-01-08T22:33:57.353034+00:00 host heroku router - i'm not that long",
        framed=True,
        events=(),
        series={},
        faults=("too_long",),
    ),
    # heroku_drain_datadog, spec/heroku_drain_datadog/http/router_spec.rb
    Example(
        "13.27 not a frame at all",
        LOGPLEX_1,
        b"trolllllll",
        framed=True,
        events=(),
        series={},
        faults=("unexpected_byte",),
    ),
    # heroku_drain_datadog, spec/heroku_drain_datadog/parser_spec.rb
    Example(
        "13.28 rendered line of Postgres instead of a frame",
        LOGPLEX_1,
        b"2016-08-12T12:19:06+00:00 app[postgres.10]: [DATABASE] [4717-1] LOG:  "
        b"checkpoint starting: time\n",
        framed=True,
        events=(),
        series={},
        faults=("bad_count",),
    ),
    Example(
        "13.28 rendered line of an application instead of a frame",
        LOGPLEX_1,
        b"2016-08-12T12:22:51.476419+00:00 app[web.1]: I, [2016-08-12T12:22:51.476293 #3] "
        b' INFO -- : [46add18f-75b9-4dcf-9943-782082f3407e] Started GET "/session/new" '
        b"for 124.170.158.158 at 2016-08-12 12:22:51 +0000",
        framed=True,
        events=(),
        series={},
        faults=("bad_count",),
    ),
    Example(
        "13.28 the same two behind a PRI",
        RFC5424,
        rendered(
            b"2016-08-12T12:19:06+00:00 app[postgres.10]: [DATABASE] [4717-1] LOG:  "
            b"checkpoint starting: time",
            b"2016-08-12T12:22:51.476419+00:00 app[web.1]: I, [2016-08-12T12:22:51.476293 #3] "
            b' INFO -- : [46add18f-75b9-4dcf-9943-782082f3407e] Started GET "/session/new" '
            b"for 124.170.158.158 at 2016-08-12 12:22:51 +0000",
        ),
        framed=True,
        events=(PostgresRecord("DATABASE", "LOG"), None),
        series=record(NO_DRAIN, "DATABASE", "LOG"),
    ),
    # heroku-log-parser, test/heroku_log_parser_test.rb
    Example(
        "13.18 field order of 2012",
        LOGPLEX_1,
        b"156 <40>1 2012-11-30T06:45:26+00:00 heroku web.3 "
        b"d.73ea7440-270a-435a-a0ea-adf50b4e5f5a - Starting process with command `bundle "
        b"exec rackup config.ru -p 24405`\n",
        framed=True,
        events=(None,),
        series=unrecognised("heroku", "web.3", "d"),
        note="HOSTNAME heroku, APP-NAME web.3, PROCID the drain token",
    ),
    Example(
        "13.29 TCP frames, the first without LF",
        RFC5424,
        b"200 <190>1 2014-07-17T12:59:25.223980+00:00 "
        b"d.8f7a4b11-c323-c764-a74f-89bf4c1100ab app web.2 - - Started GET "
        b'"/2013/02/26/full-text-search-in-your-browser" for 197.112.207.103 at '
        b"2014-07-17 12:59:25 +0000164 <191>1 2014-07-17T12:59:25.239432+00:00 "
        b'd.8f7a4b11-c323-c764-a74f-89bf4c1100ab app web.1 - - Started GET "/blog.rss" '
        b"for 54.219.13.100 at 2014-07-18 12:59:25 +0000\n",
        framed=True,
        events=(None, None),
        series={},
    ),
    # logplex, test/syslog_parse_SUITE.erl
    Example(
        "13.42 structured data with an escaped bracket",
        RFC5424,
        b"<133>1 2013-05-24T06:48:51.740194+00:00 host token process - [meta "
        b'testName="bob\\]"] this is the message\n'
        b"<133>1 2013-05-24T06:48:51.740194+00:00 host token process - [meta "
        b'sequenceId="518"][meta somethingElse="blah\\]"] this is the message',
        framed=True,
        events=(None, None),
        series=unrecognised("host", "token", "process", 2),
    ),
    Example(
        "13.43 question marks, equal signs and quotes",
        RFC5424,
        b"<13>1 2013-05-27T20:33:11.944925+00:00 runtime.45678@heroku.com "
        b"t.aaaaaaaa-ea9b-1c80-fedc-731e6b6045c0 high.47 - - push[foogle_cloud_messaging] "
        b'from:"Group:7189636" '
        b'to:"AAAAAAArUM4dAqiulchv2222222222223UEmxzaAwFcw69c8VF7ZZZZZZZZZwsRRRRR-=====_NZ'
        b"-hooooobrrbEHR4XiKc6CLoEEEEEr5cM8VeKriEcccccccz4FuneTXUy5k00000000000000dsthT???"
        b'????Ow" message_id:"777777784c8c2acf" text:"FERDP (HABS): gg gomez we played '
        b'tuff"',
        framed=False,
        events=(None,),
        series={},
    ),
    # logplex, doc/README.http_input.md
    Example(
        "13.44 time with Z and an offset",
        LOGPLEX_1,
        b"130 <134>1 2012-12-10T03:51:41Z+00:00 erlang "
        b"t.d6799f88-4a77-402f-b197-2b722a02cdbc console.1 - Logsplat test message 1 from "
        b"<0.40.0>.",
        framed=True,
        events=(None,),
        series={},
    ),
    # logplex, doc/README.http_drains.md
    Example(
        "13.45 minimal frame, documented",
        LOGPLEX_1,
        b"70 <174>1 2012-07-22T00:06:26+00:00 host erlang console - Hi from erlang\n",
        framed=True,
        events=(None,),
        series=unrecognised("host", "erlang", "console"),
    ),
    # logplex, by the rules of src/logplex_syslog_utils.erl
    Example(
        "1.3 TCP frame",
        RFC5424,
        b"129 <45>1 2014-11-11T08:24:24.064853+00:00 "
        b"d.8f7a4b11-c323-c764-a74f-89bf4c1100ab heroku web.1 - - State changed from "
        b"starting to up\n",
        framed=True,
        events=(DynoStateChange("starting", "up"),),
        series=state_change("d.8f7a4b11", "web", "starting", "up"),
    ),
    Example(
        "1.3 HTTPS frame",
        LOGPLEX_1,
        b"93 <45>1 2014-11-11T08:24:24.064853+00:00 host heroku web.1 - State changed "
        b"from starting to up\n",
        framed=True,
        events=(DynoStateChange("starting", "up"),),
        series=state_change("host", "web", "starting", "up"),
    ),
]
