"""Lines of Router 2.0 without an error code (Dev Center, "HTTP Routing")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import RouterRequest
from tests.corpus.example import APP, NO_DRAIN, frame, rendered
from tests.corpus.router import request

ROUTER_2: Final = [
    request(
        "13.8 Router 2.0, header as in rendered lines, unquoted fwd",
        NO_DRAIN,
        b"<158>1 2024-04-26T16:58:32.943253+00:00 heroku[router]: at=info method=GET "
        b'path="/" host=my-app.example.com '
        b"request_id=6903a168-b79b-ec27-03c8-b8f64d8d8792 fwd=138.68.186.89 dyno=web.1 "
        b"connect=0ms service=0ms status=200 bytes=0 protocol=http2.0 tls=true "
        b"tls_version=tls1.3",
        RouterRequest(
            at="info",
            method="GET",
            path="/",
            host="my-app.example.com",
            request_id="6903a168-b79b-ec27-03c8-b8f64d8d8792",
            fwd="138.68.186.89",
            dyno="web.1",
            connect=0.0,
            service=0.0,
            status=200,
            bytes=0,
            protocol="http2.0",
            tls=True,
            tls_version="tls1.3",
        ),
        note="count left out: it was invented",
    ),
    request(
        "3.1 Router 2.0, slow connect",
        NO_DRAIN,
        rendered(
            b'2025-08-08T06:58:53.550240+00:00 heroku[router]: at=info method=GET path="/" '
            b"host=www.123-bibel.de request_id=407b828f-ec16-bfef-cff3-25e749e57945 "
            b'fwd="45.134.142.196" dyno=web.1 connect=7001ms service=459ms status=200 '
            b"bytes=15225 protocol=http1.1 tls=true tls_version=tls1.3"
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/",
            host="www.123-bibel.de",
            request_id="407b828f-ec16-bfef-cff3-25e749e57945",
            fwd="45.134.142.196",
            dyno="web.1",
            connect=7.001,
            service=0.459,
            status=200,
            bytes=15225,
            protocol="http1.1",
            tls=True,
            tls_version="tls1.3",
        ),
    ),
    request(
        "3.1 Router 2.0, path decoded to a blank",
        NO_DRAIN,
        rendered(
            b"2025-08-08T07:00:16.470875+00:00 heroku[router]: at=info method=GET "
            b'path="/api/Schlachter 1951/books" host=www.123-bibel.de '
            b'request_id=4b0adc25-f648-c9c5-0b09-537cc99a4b84 fwd="84.183.36.173" dyno=web.1 '
            b"connect=0ms service=3ms status=200 bytes=2256 protocol=http2.0 tls=true "
            b"tls_version=tls1.3"
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/api/Schlachter 1951/books",
            host="www.123-bibel.de",
            request_id="4b0adc25-f648-c9c5-0b09-537cc99a4b84",
            fwd="84.183.36.173",
            dyno="web.1",
            connect=0.0,
            service=0.003,
            status=200,
            bytes=2256,
            protocol="http2.0",
            tls=True,
            tls_version="tls1.3",
        ),
    ),
    request(
        "3.1 Router 2.0, long and large",
        NO_DRAIN,
        rendered(
            b"2025-08-08T07:01:40.849298+00:00 heroku[router]: at=info method=GET "
            b'path="/api/concordance" host=www.123-bibel.de '
            b'request_id=14fd60ac-2485-aed2-72fa-4e82122bbe7e fwd="84.183.36.173" dyno=web.1 '
            b"connect=0ms service=38264ms status=200 bytes=28054625 protocol=http2.0 tls=true "
            b"tls_version=tls1.3"
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/api/concordance",
            host="www.123-bibel.de",
            request_id="14fd60ac-2485-aed2-72fa-4e82122bbe7e",
            fwd="84.183.36.173",
            dyno="web.1",
            connect=0.0,
            service=38.264,
            status=200,
            bytes=28054625,
            protocol="http2.0",
            tls=True,
            tls_version="tls1.3",
        ),
    ),
    request(
        "3.7 Router 2.0, frame with empty fwd",
        "host",
        b"<134>1 2025-12-26T12:07:27.898551+00:00 host heroku router - at=info method=GET "
        b'path="/static/chessground.css" host=asdasdasd '
        b'request_id=ea6a6ea1-587d-fd93-95fd-b2617cf4ca6b fwd="" dyno=web.1 connect=0ms '
        b"service=2ms status=304 bytes=0 protocol=http1.1 tls=true tls_version=unknown",
        RouterRequest(
            at="info",
            method="GET",
            path="/static/chessground.css",
            host="asdasdasd",
            request_id="ea6a6ea1-587d-fd93-95fd-b2617cf4ca6b",
            dyno="web.1",
            connect=0.0,
            service=0.002,
            status=304,
            bytes=0,
            protocol="http1.1",
            tls=True,
            tls_version="unknown",
        ),
        note="count left out: host and fwd were blanked",
    ),
    request(
        "3.7 Router 2.0 without TLS",
        APP,
        frame(
            b"heroku",
            b"router",
            b'at=info method=GET path="/" host=www.123-bibel.de'
            b" request_id=407b828f-ec16-bfef-cff3-25e749e57945 "
            b'fwd="87.121.84.24" dyno=web.1 connect=0ms service=9ms status=500 bytes=96 '
            b"protocol=http1.1 tls=false",
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/",
            host="www.123-bibel.de",
            request_id="407b828f-ec16-bfef-cff3-25e749e57945",
            fwd="87.121.84.24",
            dyno="web.1",
            connect=0.0,
            service=0.009,
            status=500,
            bytes=96,
            protocol="http1.1",
            tls=False,
        ),
        note="only its tail was published, the head is that of another line",
    ),
    request(
        "3.7 Router 2.0, blank in fwd",
        APP,
        frame(
            b"heroku",
            b"router",
            b'at=info method=GET path="/" host=www.123-bibel.de'
            b" request_id=407b828f-ec16-bfef-cff3-25e749e57945 "
            b'fwd="149.88.17.139, 172.68.7.155"'
            b" dyno=web.1 connect=0ms service=9ms status=500 bytes=96 protocol=http1.1 tls=false",
        ),
        RouterRequest(
            at="info",
            method="GET",
            path="/",
            host="www.123-bibel.de",
            request_id="407b828f-ec16-bfef-cff3-25e749e57945",
            fwd="149.88.17.139, 172.68.7.155",
            dyno="web.1",
            connect=0.0,
            service=0.009,
            status=500,
            bytes=96,
            protocol="http1.1",
            tls=False,
        ),
        note="only its fwd was published, the rest is that of other lines",
    ),
]
