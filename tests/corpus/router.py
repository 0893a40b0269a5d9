"""Lines of the legacy router without an error code (Dev Center, "HTTP Routing")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import PlatformError, RouterRequest
from tests.corpus.example import (
    APP,
    LOGPLEX_1,
    NO_DRAIN,
    RFC5424,
    Example,
    frame,
    rendered,
)
from tests.corpus.series import error, served, unrecognised


def request(name: str, app: str, body: bytes, event: RouterRequest, note: str = "") -> Example:
    """Return an example of one request; one whose body begins with its count is a stream."""
    dialect = LOGPLEX_1 if app == "host" else RFC5424
    framed = not body.startswith(b"<")
    return Example(name, dialect, body, framed, (event,), served(app, event), note=note)


# The legacy router -------------------------------------------------------------------------------

_LEGACY: Final = [
    request(
        "13.3 router frame behind the L10",
        "host",
        b"<158>1 2017-08-28T08:36:13.461949+00:00 host heroku router - at=info "
        b'method=POST path="/logs/heroku_exporter" '
        b"host=desolate-sierra-72778.herokuapp.com "
        b'request_id=863e2b93-a85b-4eae-916c-b4566811afc0 fwd="54.80.233.162" dyno=web.1 '
        b"connect=6ms service=27ms status=400 bytes=259 protocol=https",
        RouterRequest(
            at="info",
            method="POST",
            path="/logs/heroku_exporter",
            host="desolate-sierra-72778.herokuapp.com",
            request_id="863e2b93-a85b-4eae-916c-b4566811afc0",
            fwd="54.80.233.162",
            dyno="web.1",
            connect=0.006,
            service=0.027,
            status=400,
            bytes=259,
            protocol="https",
        ),
        note="alone: for the count before it see there",
    ),
    request(
        "13.5 router, legacy",
        "host",
        b"310 <158>1 2017-08-31T14:43:56.612173+00:00 host heroku router - at=info "
        b'method=GET path="/api/profiles/f61aa57d-1913-4a10-bc1d-0759e9566de0/" '
        b"host=api-staging.myotest.cloud request_id=b9337f92-c562-4a76-8d85-b530cda7d7c2 "
        b'fwd="188.60.67.169" dyno=web.1 connect=0ms service=10ms status=401 bytes=315 '
        b"protocol=https\n",
        RouterRequest(
            at="info",
            method="GET",
            path="/api/profiles/f61aa57d-1913-4a10-bc1d-0759e9566de0/",
            host="api-staging.myotest.cloud",
            request_id="b9337f92-c562-4a76-8d85-b530cda7d7c2",
            fwd="188.60.67.169",
            dyno="web.1",
            connect=0.0,
            service=0.010,
            status=401,
            bytes=315,
            protocol="https",
        ),
    ),
    request(
        "13.6 router, five digits of a second, two addresses",
        "host",
        b"<158>1 2022-01-26T20:25:08.61556+00:00 host heroku router - at=info method=GET "
        b'path="/tags" host=mine.herokuapp.com '
        b'request_id=b4dffe63-d7c8-4b65-9938-55b54d7b7efa fwd="1.1.1.1,1.1.1.2" '
        b"dyno=web.1 connect=0ms service=51ms status=200 bytes=27662 protocol=https",
        RouterRequest(
            at="info",
            method="GET",
            path="/tags",
            host="mine.herokuapp.com",
            request_id="b4dffe63-d7c8-4b65-9938-55b54d7b7efa",
            fwd="1.1.1.1,1.1.1.2",
            dyno="web.1",
            connect=0.0,
            service=0.051,
            status=200,
            bytes=27662,
            protocol="https",
        ),
        note="count left out: the text was shortened",
    ),
    request(
        "13.7 router, query string",
        "host",
        b"<158>1 2022-12-05T08:59:21.850424+00:00 host heroku router - at=info method=GET "
        b'path="/api/disposition/service/?hub=33" host=thermondo-backend.herokuapp.com '
        b"request_id=60fbbe6e-0ea5-4013-ab6a-9d6851fe1c95 "
        b'fwd="80.187.107.115,167.82.231.29" dyno=web.10 connect=2ms service=864ms '
        b"status=200 bytes=15055 protocol=https",
        RouterRequest(
            at="info",
            method="GET",
            path="/api/disposition/service/?hub=33",
            host="thermondo-backend.herokuapp.com",
            request_id="60fbbe6e-0ea5-4013-ab6a-9d6851fe1c95",
            fwd="80.187.107.115,167.82.231.29",
            dyno="web.10",
            connect=0.002,
            service=0.864,
            status=200,
            bytes=15055,
            protocol="https",
        ),
        note="count left out: it was invented",
    ),
    Example(
        "13.12 router text that an application prints",
        LOGPLEX_1,
        b"264 <2>1 2017-08-22T06:40:26+00:00 host app web.3 - at=info method=HEAD "
        b'path="/api/monitor/" host=api-staging.myotest.cloud '
        b'request_id=fec8bbaa-1787-4f16-8897-62dbb7e7b220 fwd="104.238.136.194" '
        b"dyno=web.1 connect=1ms service=115ms status=200 bytes=1742 protocol=https\n",
        framed=True,
        events=(None,),
        series={},
        note="no request: the application wrote it",
    ),
    request(
        "13.46 router, stray quote in host",
        NO_DRAIN,
        rendered(
            b"2010-09-16T15:13:46.723498+00:00 heroku[router]: at=info method=GET "
            b'path="/posts" host=myapp.herokuapp.com" fwd="204.204.204.204" dyno=web.1 '
            b"connect=1ms service=18ms status=200 bytes=975"
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/posts",
            host="myapp.herokuapp.com",
            fwd="204.204.204.204",
            dyno="web.1",
            connect=0.001,
            service=0.018,
            status=200,
            bytes=975,
        ),
    ),
    request(
        "13.47 router, unquoted path with equal signs",
        APP,
        frame(
            b"heroku",
            b"router",
            b"at=info method=GET "
            b"path=/check?metric=railgun.accepting:sum:max,railgun.running:sum:max&0 "
            b"host=umpire.herokai.com request_id=1f3ed8a9-c80c-49de-a4af-2df9f4ddb858 "
            b'fwd="46.20.45.18" dyno=web.14 connect=1ms service=849ms status=500 bytes=306',
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/check?metric=railgun.accepting:sum:max,railgun.running:sum:max&0",
            host="umpire.herokai.com",
            request_id="1f3ed8a9-c80c-49de-a4af-2df9f4ddb858",
            fwd="46.20.45.18",
            dyno="web.14",
            connect=0.001,
            service=0.849,
            status=500,
            bytes=306,
        ),
    ),
    # vector, src/sources/heroku_logs.rs
    request(
        "3.1 router, 2020",
        "host",
        b"267 <158>1 2020-01-08T22:33:57.353034+00:00 host heroku router - at=info "
        b'method=GET path="/cart_link" host=lumberjack-store.timber.io '
        b'request_id=05726858-c44e-4f94-9a20-37df73be9006 fwd="73.75.38.87" dyno=web.1 '
        b"connect=1ms service=22ms status=304 bytes=656 protocol=http\n",
        RouterRequest(
            at="info",
            method="GET",
            path="/cart_link",
            host="lumberjack-store.timber.io",
            request_id="05726858-c44e-4f94-9a20-37df73be9006",
            fwd="73.75.38.87",
            dyno="web.1",
            connect=0.001,
            service=0.022,
            status=304,
            bytes=656,
            protocol="http",
        ),
    ),
    # heroku_drain_datadog, spec/heroku_drain_datadog/parser_spec.rb
    request(
        "3.1 router, 2016, no protocol",
        "host",
        b"338 <158>1 2016-08-20T02:15:10.862264+00:00 host heroku router - at=info "
        b"method=GET "
        b'path="/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e1c05dc'
        b'2f89.css" host=app.fivegoodfriends.com.au '
        b'request_id=bef7f609-eceb-4684-90ce-c249e6843112 fwd="58.6.203.42,54.239.202.42" '
        b"dyno=web.1 connect=0ms service=2ms status=304 bytes=112\n",
        RouterRequest(
            at="info",
            method="GET",
            path="/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e1c05dc2f89.css",
            host="app.fivegoodfriends.com.au",
            request_id="bef7f609-eceb-4684-90ce-c249e6843112",
            fwd="58.6.203.42,54.239.202.42",
            dyno="web.1",
            connect=0.0,
            service=0.002,
            status=304,
            bytes=112,
        ),
    ),
    # Timber, "Heroku"
    request(
        "11.4 router, documented in 2012",
        NO_DRAIN,
        rendered(
            b"2012-02-07T09:43:06.123456+00:00 heroku[router]: at=info method=GET "
            b'path="/stylesheets/dev-center/library.css" host=devcenter.heroku.com '
            b'fwd="204.204.204.204" dyno=web.5 connect=1ms service=18ms status=200 bytes=13'
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/stylesheets/dev-center/library.css",
            host="devcenter.heroku.com",
            fwd="204.204.204.204",
            dyno="web.5",
            connect=0.001,
            service=0.018,
            status=200,
            bytes=13,
        ),
    ),
]

# Before 2013 -------------------------------------------------------------------------------------

_HISTORIC: Final = [
    request(
        "3.8 router, 2013, with queue and wait",
        NO_DRAIN,
        rendered(
            b"2013-02-11T15:19:10+00:00 heroku[router]: at=info method=GET "
            b"path=/articles/custom-domains host=mydemoapp.heroku.com fwd=74.58.173.188 "
            b"dyno=web.1 queue=0 wait=0ms connect=0ms service=1452ms status=200 bytes=5783"
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/articles/custom-domains",
            host="mydemoapp.heroku.com",
            fwd="74.58.173.188",
            dyno="web.1",
            connect=0.0,
            service=1.452,
            status=200,
            bytes=5783,
        ),
    ),
    Example(
        "3.8 router, 2012",
        RFC5424,
        rendered(
            b"2012-03-16T14:02:57+00:00 heroku[router]: GET devcenter.heroku.com/articles/git "
            b"dyno=web.3  service=44ms status=200 bytes=32839"
        ),
        framed=True,
        events=(None,),
        series=unrecognised(NO_DRAIN, "heroku", "router"),
    ),
    Example(
        "3.8 router, 2011, H10",
        RFC5424,
        rendered(
            b" "
            b"heroku[router]: Error H10 (App crashed) -> GET myapp.heroku.com/ web=web.1 "
            b"queue=0 wait=0ms service=0ms bytes=0"
        ),
        framed=True,
        events=(PlatformError("H10", "App crashed"),),
        series=error(NO_DRAIN, "router", "H10"),
        note="no request is counted: it has neither method nor status as keys",
    ),
    Example(
        "3.8 nginx",
        RFC5424,
        rendered(b" heroku[nginx]: GET / HTTP/1.1 | 75.36.147.245 | 8132 | http | 503"),
        framed=True,
        events=(None,),
        series=unrecognised(NO_DRAIN, "heroku", "nginx"),
    ),
]

ROUTER: Final = [*_LEGACY, *_HISTORIC]
