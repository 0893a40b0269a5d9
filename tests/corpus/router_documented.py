"""Lines of the router with an H code, as documented (Dev Center, "Heroku Error Codes")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import RouterRequest
from tests.corpus.example import APP, NO_DRAIN, frame, rendered
from tests.corpus.router import request

ROUTER_DOCUMENTED: Final = [
    request(
        "11.4 router, H10, documented",
        NO_DRAIN,
        rendered(
            b'2010-10-06T21:51:12-07:00 heroku[router]: at=error code=H10 desc="App crashed" '
            b'method=GET path="/" host=myapp.herokuapp.com fwd=17.17.17.17 dyno= connect= '
            b"service= status=503 bytes="
        ),
        RouterRequest(
            at="error",
            code="H10",
            desc="App crashed",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            status=503,
        ),
    ),
    request(
        "4.1 router, H12, documented",
        NO_DRAIN,
        rendered(
            b'2010-10-06T21:51:37-07:00 heroku[router]: at=error code=H12 desc="Request '
            b'timeout" method=GET path="/" host=myapp.herokuapp.com fwd=17.17.17.17 '
            b"dyno=web.1 connect=6ms service=30001ms status=503 bytes=0"
        ),
        RouterRequest(
            at="error",
            code="H12",
            desc="Request timeout",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            dyno="web.1",
            connect=0.006,
            service=30.001,
            status=503,
            bytes=0,
        ),
    ),
    request(
        "4.1 router, H15, documented",
        NO_DRAIN,
        rendered(
            b'2010-10-06T21:51:37-07:00 heroku[router]: at=error code=H15 desc="Idle '
            b'connection" method=GET path="/" host=myapp.herokuapp.com fwd=17.17.17.17 '
            b"dyno=web.1 connect=1ms service=55449ms status=503 bytes=18"
        ),
        RouterRequest(
            at="error",
            code="H15",
            desc="Idle connection",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            dyno="web.1",
            connect=0.001,
            service=55.449,
            status=503,
            bytes=18,
        ),
    ),
    request(
        "4.1 router, H24, no status",
        NO_DRAIN,
        rendered(
            b'2010-10-06T21:51:07-07:00 heroku[router]: at=error code=H24 desc="Forced close" '
            b'method=GET path="/" host=myapp.herokuapp.com fwd=17.17.17.17 dyno=web.1 '
            b"connect=1ms service=80000ms status= bytes=18"
        ),
        RouterRequest(
            at="error",
            code="H24",
            desc="Forced close",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            dyno="web.1",
            connect=0.001,
            service=80.0,
            bytes=18,
        ),
    ),
    request(
        "4.1 router, H25, durations without a unit",
        NO_DRAIN,
        rendered(
            b'2014-03-20T14:12:28.555073+00:00 heroku[router]: at=error code=H25 desc="HTTP '
            b'restriction: oversized header" method=GET path="/" host=myapp.herokuapp.com '
            b'request_id=ab66646e-84eb-47b8-b3bb-2031ecc1bc2c fwd="17.17.17.17" dyno=web.1 '
            b"connect=0 service=397 status=502 bytes=542"
        ),
        RouterRequest(
            at="error",
            code="H25",
            desc="HTTP restriction: oversized header",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            request_id="ab66646e-84eb-47b8-b3bb-2031ecc1bc2c",
            fwd="17.17.17.17",
            dyno="web.1",
            connect=0.0,
            service=0.397,
            status=502,
            bytes=542,
        ),
    ),
    request(
        "4.1 router, H26, cause",
        NO_DRAIN,
        rendered(
            b"2014-05-14T17:17:37.456997+00:00 heroku[router]: at=error code=H26 "
            b'desc="Request Error" cause="unsupported expect header value" method=GET '
            b'path="/" host=myapp.herokuapp.com '
            b'request_id=3f336f1a-9be3-4791-afe3-596a1f2a481f fwd="17.17.17.17" dyno= '
            b"connect= service= status=417 bytes="
        ),
        RouterRequest(
            at="error",
            code="H26",
            desc="Request Error",
            cause="unsupported expect header value",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            request_id="3f336f1a-9be3-4791-afe3-596a1f2a481f",
            fwd="17.17.17.17",
            status=417,
        ),
    ),
    request(
        "4.1 router, H28, documented",
        NO_DRAIN,
        rendered(
            b'2010-10-06T21:51:37-07:00 heroku[router]: at=warning code=H28 desc="Client '
            b'Connection Idle" method=GET path="/" host=myapp.herokuapp.com fwd=17.17.17.17 '
            b"dyno=web.1 connect=1ms service=55449ms status=499 bytes=18"
        ),
        RouterRequest(
            at="warning",
            code="H28",
            desc="Client Connection Idle",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            dyno="web.1",
            connect=0.001,
            service=55.449,
            status=499,
            bytes=18,
        ),
    ),
    request(
        "4.1 router, H31, begins with a bare word, agent",
        APP,
        frame(
            b"heroku",
            b"router",
            b'error code=H31 desc="Misdirected Request" method=GET path="/" host=[host.com] '
            b'request_id=[guid] fwd="[IP]" dyno= connect= service= status=421 bytes= '
            b'protocol=http agent="<agent>"',
        ),
        RouterRequest(
            at="error",
            code="H31",
            desc="Misdirected Request",
            method="GET",
            path="/",
            host="[host.com]",
            request_id="[guid]",
            fwd="[IP]",
            status=421,
            protocol="http",
            agent="<agent>",
        ),
    ),
    request(
        "4.1 router, H82, documented",
        NO_DRAIN,
        rendered(
            b'2015-10-06T21:51:07-07:00 heroku[router]: at=info code=H82 desc="Free dyno '
            b'quota exhausted" method=GET path="/" host=myapp.herokuapp.com fwd=17.17.17.17 '
            b"dyno= connect= service= status=503 bytes="
        ),
        RouterRequest(
            at="info",
            code="H82",
            desc="Free dyno quota exhausted",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            status=503,
        ),
    ),
]
