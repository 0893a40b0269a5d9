"""Captured lines of the router with an H code (Dev Center, "Heroku Error Codes").

All of them count as errors by their code, those at level info too: what is none for an alert is
for its query to say.
"""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import RouterRequest
from tests.corpus.example import APP, NO_DRAIN, frame, rendered
from tests.corpus.router import request

ROUTER_ERRORS: Final = [
    request(
        "13.9 router, H81 of the log history API",
        "host",
        b"290 <158>1 2018-03-02T23:22:34.901697+00:00 host heroku router - at=info "
        b'code=H81 desc="Blank app" method=GET path="/" '
        b"host=direwolf-d99daa9eda.staging.herokuappdev.com "
        b'request_id=56a11b1c-1f68-4658-80e4-8213a09a81c2 fwd="54.163.94.153" dyno= '
        b"connect= service= status=502 bytes= protocol=https\n",
        RouterRequest(
            at="info",
            code="H81",
            desc="Blank app",
            method="GET",
            path="/",
            host="direwolf-d99daa9eda.staging.herokuappdev.com",
            request_id="56a11b1c-1f68-4658-80e4-8213a09a81c2",
            fwd="54.163.94.153",
            status=502,
            protocol="https",
        ),
    ),
    request(
        "13.10 router, H10, empty values",
        "host",
        b"263 <158>1 2018-03-29T14:18:26.133358+00:00 host heroku router - at=error "
        b'code=H10 desc="App crashed" method=GET path="/" host=scrooge.niteo.co '
        b'request_id=7a2a1014-6826-4d46-86b0-db4668cbf8c0 fwd="77.208.20.53" dyno= '
        b"connect= service= status=503 bytes= protocol=http\n",
        RouterRequest(
            at="error",
            code="H10",
            desc="App crashed",
            method="GET",
            path="/",
            host="scrooge.niteo.co",
            request_id="7a2a1014-6826-4d46-86b0-db4668cbf8c0",
            fwd="77.208.20.53",
            status=503,
            protocol="http",
        ),
    ),
    request(
        "13.11 router, H12 without request id, unquoted fwd",
        "host",
        b"<158>1 2015-04-02T12:52:31.520012+00:00 host heroku router - at=error code=H12 "
        b'desc="Request timeout" method=GET path="/" host=myapp.com fwd=17.17.17.17 '
        b"dyno=web.1 connect=6ms service=30001ms status=503 bytes=0",
        RouterRequest(
            at="error",
            code="H12",
            desc="Request timeout",
            method="GET",
            path="/",
            host="myapp.com",
            fwd="17.17.17.17",
            dyno="web.1",
            connect=0.006,
            service=30.001,
            status=503,
            bytes=0,
        ),
        note="count left out: it does not fit",
    ),
    # terraform-heroku-cloudwatch-logging, and logplex-statsd, spec/Text/HerokuErrors/ParserSpec.hs
    request(
        "3.7 Router 2.0, H18 after a status",
        NO_DRAIN,
        rendered(
            b"2026-01-09T19:29:07.973289+00:00 heroku[router]: sock=backend at=error code=H18 "
            b'desc="Server Request Interrupted" method=POST '
            b'path="/api/v1/semantic_search_stream" '
            b"host=class-chat-python-f081e08f29b8.herokuapp.com "
            b'request_id=32703692-2362-4363-b46a-92c695c1d6b1 fwd="100.27.26.255" dyno=web.1 '
            b"connect=0ms service=710ms status=200 bytes=0 protocol=http1.1 tls=true "
            b"tls_version=unknown"
        ),
        RouterRequest(
            at="error",
            code="H18",
            desc="Server Request Interrupted",
            sock="backend",
            method="POST",
            path="/api/v1/semantic_search_stream",
            host="class-chat-python-f081e08f29b8.herokuapp.com",
            request_id="32703692-2362-4363-b46a-92c695c1d6b1",
            fwd="100.27.26.255",
            dyno="web.1",
            connect=0.0,
            service=0.710,
            status=200,
            bytes=0,
            protocol="http1.1",
            tls=True,
            tls_version="unknown",
        ),
    ),
    request(
        "4.1 router, H14",
        APP,
        frame(
            b"heroku",
            b"router",
            b'at=error code=H14 desc="No web processes running" method=GET path="/ping" '
            b"host=ancient-savannah-2923.herokuapp.com "
            b'request_id=f6e91d26-b363-4837-8208-00dcf6d7b2f0 fwd="120.148.233.212" dyno= '
            b"connect= service= status=503 bytes=",
        ),
        RouterRequest(
            at="error",
            code="H14",
            desc="No web processes running",
            method="GET",
            path="/ping",
            host="ancient-savannah-2923.herokuapp.com",
            request_id="f6e91d26-b363-4837-8208-00dcf6d7b2f0",
            fwd="120.148.233.212",
            status=503,
        ),
    ),
    request(
        "4.1 router, H13",
        NO_DRAIN,
        rendered(
            b" "
            b'heroku[router]: at=error code=H13 desc="Connection closed without response" '
            b'method=GET path="/" host=bfghsdg.herokuapp.com '
            b'request_id=b07a280a-64dd-4363-bd26-69e80ada801f fwd="189.215.153.244" '
            b"dyno=web.1 connect=0ms service=28860ms status=503 bytes=0 protocol=https"
        ),
        RouterRequest(
            at="error",
            code="H13",
            desc="Connection closed without response",
            method="GET",
            path="/",
            host="bfghsdg.herokuapp.com",
            request_id="b07a280a-64dd-4363-bd26-69e80ada801f",
            fwd="189.215.153.244",
            dyno="web.1",
            connect=0.0,
            service=28.860,
            status=503,
            bytes=0,
            protocol="https",
        ),
    ),
    request(
        "4.1 router, H27",
        NO_DRAIN,
        rendered(
            b"2018-08-25T04:22:11.331371+00:00 heroku[router]: sock=client at=warning "
            b'code=H27 desc="Client Request Interrupted" method=GET path="/" '
            b"host=bfghsdg.herokuapp.com request_id=546c7c39-039a-4487-b120-c46017e501b2 "
            b'fwd="189.215.153.244" dyno=web.1 connect=1ms service=29043ms status=499 bytes= '
            b"protocol=https"
        ),
        RouterRequest(
            at="warning",
            code="H27",
            desc="Client Request Interrupted",
            sock="client",
            method="GET",
            path="/",
            host="bfghsdg.herokuapp.com",
            request_id="546c7c39-039a-4487-b120-c46017e501b2",
            fwd="189.215.153.244",
            dyno="web.1",
            connect=0.001,
            service=29.043,
            status=499,
            protocol="https",
        ),
    ),
    request(
        "4.1 router, H18, IPv6",
        APP,
        frame(
            b"heroku",
            b"router",
            b'sock=backend at=error code=H18 desc="Server Request Interrupted" method=POST '
            b'path="/inc/md5.asp" host=www.nesta.org.uk '
            b"request_id=32515736-2fd7-46bc-b722-78860110de1d "
            b'fwd="240e:d9:c200:104:85c5::ec0,172.69.34.65" dyno=web.1 connect=0ms '
            b"service=44ms status=503 bytes= protocol=https",
        ),
        RouterRequest(
            at="error",
            code="H18",
            desc="Server Request Interrupted",
            sock="backend",
            method="POST",
            path="/inc/md5.asp",
            host="www.nesta.org.uk",
            request_id="32515736-2fd7-46bc-b722-78860110de1d",
            fwd="240e:d9:c200:104:85c5::ec0,172.69.34.65",
            dyno="web.1",
            connect=0.0,
            service=0.044,
            status=503,
            protocol="https",
        ),
    ),
    request(
        "4.1 router, H18 without request id, fwd and dyno",
        NO_DRAIN,
        rendered(
            b"2019-01-15T18:01:00.369775+00:00 heroku[router]: sock=backend at=error code=H18 "
            b'desc="Server Request Interrupted" method=POST path="/herokutest" '
            b"host=node-upload-test.herokuapp.com connect=0ms service=139ms status=503 "
            b"bytes=287 protocol=http"
        ),
        RouterRequest(
            at="error",
            code="H18",
            desc="Server Request Interrupted",
            sock="backend",
            method="POST",
            path="/herokutest",
            host="node-upload-test.herokuapp.com",
            connect=0.0,
            service=0.139,
            status=503,
            bytes=287,
            protocol="http",
        ),
    ),
    request(
        "3.4 router, H80 with zeros instead of empty values",
        APP,
        frame(
            b"heroku",
            b"router",
            b'at=info code=H80 desc="Maintenance mode" method=GET path="/" host=myapp.herokuapp.com'
            b' fwd="17.17.17.17" dyno= connect=0ms service=0ms status=503 bytes=596',
        ),
        RouterRequest(
            at="info",
            code="H80",
            desc="Maintenance mode",
            method="GET",
            path="/",
            host="myapp.herokuapp.com",
            fwd="17.17.17.17",
            connect=0.0,
            service=0.0,
            status=503,
            bytes=596,
        ),
        note="only its values were published, the head is that of documented lines",
    ),
]
