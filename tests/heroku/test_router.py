"""Router lines: captured and documented ones in full, and texts of clients that imitate them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.events import RouterRequest
from heroku_syslogd.heroku.router import parse_router_line

LEGACY = (
    b'at=info method=GET path="/cart_link" host=lumberjack-store.timber.io'
    b' request_id=05726858-c44e-4f94-9a20-37df73be9006 fwd="73.75.38.87" dyno=web.1 connect=1ms'
    b" service=22ms status=304 bytes=656 protocol=http"
)
ROUTER_2 = (
    b'at=info method=GET path="/api/Schlachter 1951/books" host=www.123-bibel.de'
    b' request_id=4b0adc25-f648-c9c5-0b09-537cc99a4b84 fwd="84.183.36.173" dyno=web.1 connect=0ms'
    b" service=3ms status=200 bytes=2256 protocol=http2.0 tls=true tls_version=tls1.3"
)
WITHOUT_PROTOCOL = (
    b'at=info method=GET path="/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e'
    b'1c05dc2f89.css" host=app.fivegoodfriends.com.au'
    b' request_id=bef7f609-eceb-4684-90ce-c249e6843112 fwd="58.6.203.42,54.239.202.42" dyno=web.1'
    b" connect=0ms service=2ms status=304 bytes=112"
)
MISDIRECTED = (
    b'error code=H31 desc="Misdirected Request" method=GET path="/" host=[host.com]'
    b' request_id=[guid] fwd="[IP]" dyno= connect= service= status=421 bytes= protocol=http'
    b' agent="<agent>"'
)


def expected(head: str, texts: str, values: str) -> RouterRequest:
    """Return the request that a row of the tables below stands for.

    Args:
        head: ``at|code|desc|cause|sock``.
        texts: What the client chose: ``method|path|host|request_id|fwd|agent``.
        values: ``dyno connect service status bytes protocol tls tls_version``, "-" if not given.
    """
    at, code, desc, cause, sock = [*head.split("|"), *[""] * 4][:5]
    method, path, host, request_id, fwd, agent = [*texts.split("|"), ""][:6]
    given = [None if value == "-" else value for value in [*values.split(), *["-"] * 3][:8]]
    dyno, connect, service, status, size, protocol, tls, tls_version = given
    return RouterRequest(
        at=at,
        code=code,
        desc=desc,
        cause=cause,
        sock=sock,
        method=method,
        path=path,
        host=host,
        request_id=request_id,
        fwd=fwd,
        dyno=dyno or "",
        connect=float(connect) if connect else None,
        service=float(service) if service else None,
        status=int(status) if status else None,
        bytes=int(size) if size else None,
        protocol=protocol or "",
        tls=tls == "true" if tls else None,
        tls_version=tls_version or "",
        agent=agent,
    )


NORMAL_LINES = [
    (
        LEGACY,
        "info",
        "GET|/cart_link|lumberjack-store.timber.io|05726858-c44e-4f94-9a20-37df73be9006|"
        "73.75.38.87",
        "web.1 0.001 0.022 304 656 http",
    ),
    (
        WITHOUT_PROTOCOL,
        "info",
        "GET|"
        "/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e1c05dc2f89.css|"
        "app.fivegoodfriends.com.au|bef7f609-eceb-4684-90ce-c249e6843112|"
        "58.6.203.42,54.239.202.42",
        "web.1 0.0 0.002 304 112",
    ),
    (
        b'at=info method=GET path="/" host=www.123-bibel.de'
        b' request_id=407b828f-ec16-bfef-cff3-25e749e57945 fwd="45.134.142.196" dyno=web.1'
        b" connect=7001ms service=459ms status=200 bytes=15225 protocol=http1.1 tls=true"
        b" tls_version=tls1.3",
        "info",
        "GET|/|www.123-bibel.de|407b828f-ec16-bfef-cff3-25e749e57945|45.134.142.196",
        "web.1 7.001 0.459 200 15225 http1.1 true tls1.3",
    ),
    (
        ROUTER_2,
        "info",
        "GET|/api/Schlachter 1951/books|www.123-bibel.de|4b0adc25-f648-c9c5-0b09-537cc99a4b84|"
        "84.183.36.173",
        "web.1 0.0 0.003 200 2256 http2.0 true tls1.3",
    ),
    (
        b'at=info method=GET path="/api/concordance" host=www.123-bibel.de'
        b' request_id=14fd60ac-2485-aed2-72fa-4e82122bbe7e fwd="84.183.36.173" dyno=web.1'
        b" connect=0ms service=38264ms status=200 bytes=28054625 protocol=http2.0 tls=true"
        b" tls_version=tls1.3",
        "info",
        "GET|/api/concordance|www.123-bibel.de|14fd60ac-2485-aed2-72fa-4e82122bbe7e|84.183.36.173",
        "web.1 0.0 38.264 200 28054625 http2.0 true tls1.3",
    ),
    (
        b'at=info method=GET path="/static/chessground.css" host=asdasdasd'
        b' request_id=ea6a6ea1-587d-fd93-95fd-b2617cf4ca6b fwd="" dyno=web.1 connect=0ms'
        b" service=2ms status=304 bytes=0 protocol=http1.1 tls=true tls_version=unknown",
        "info",
        "GET|/static/chessground.css|asdasdasd|ea6a6ea1-587d-fd93-95fd-b2617cf4ca6b|",
        "web.1 0.0 0.002 304 0 http1.1 true unknown",
    ),
    (  # its tail and its addresses were captured apart
        b'at=info method=GET path="/" host=h request_id=r fwd="149.88.17.139, 172.68.7.155"'
        b" dyno=web.1 connect=0ms service=9ms status=500 bytes=96 protocol=http1.1 tls=false",
        "info",
        "GET|/|h|r|149.88.17.139, 172.68.7.155",
        "web.1 0.0 0.009 500 96 http1.1 false",
    ),
    (
        b'at=info method=POST path="/logs/heroku_exporter"'
        b" host=desolate-sierra-72778.herokuapp.com"
        b' request_id=863e2b93-a85b-4eae-916c-b4566811afc0 fwd="54.80.233.162" dyno=web.1'
        b" connect=6ms service=27ms status=400 bytes=259 protocol=https",
        "info",
        "POST|/logs/heroku_exporter|desolate-sierra-72778.herokuapp.com|"
        "863e2b93-a85b-4eae-916c-b4566811afc0|54.80.233.162",
        "web.1 0.006 0.027 400 259 https",
    ),
    (
        b'at=info method=GET path="/api/profiles/f61aa57d-1913-4a10-bc1d-0759e9566de0/"'
        b" host=api-staging.myotest.cloud request_id=b9337f92-c562-4a76-8d85-b530cda7d7c2"
        b' fwd="188.60.67.169" dyno=web.1 connect=0ms service=10ms status=401 bytes=315'
        b" protocol=https",
        "info",
        "GET|/api/profiles/f61aa57d-1913-4a10-bc1d-0759e9566de0/|api-staging.myotest.cloud|"
        "b9337f92-c562-4a76-8d85-b530cda7d7c2|188.60.67.169",
        "web.1 0.0 0.01 401 315 https",
    ),
    (
        b'at=info method=GET path="/tags" host=mine.herokuapp.com'
        b' request_id=b4dffe63-d7c8-4b65-9938-55b54d7b7efa fwd="1.1.1.1,1.1.1.2" dyno=web.1'
        b" connect=0ms service=51ms status=200 bytes=27662 protocol=https",
        "info",
        "GET|/tags|mine.herokuapp.com|b4dffe63-d7c8-4b65-9938-55b54d7b7efa|1.1.1.1,1.1.1.2",
        "web.1 0.0 0.051 200 27662 https",
    ),
    (
        b'at=info method=GET path="/api/disposition/service/?hub=33"'
        b" host=thermondo-backend.herokuapp.com request_id=60fbbe6e-0ea5-4013-ab6a-9d6851fe1c95"
        b' fwd="80.187.107.115,167.82.231.29" dyno=web.10 connect=2ms service=864ms status=200'
        b" bytes=15055 protocol=https",
        "info",
        "GET|/api/disposition/service/?hub=33|thermondo-backend.herokuapp.com|"
        "60fbbe6e-0ea5-4013-ab6a-9d6851fe1c95|80.187.107.115,167.82.231.29",
        "web.10 0.002 0.864 200 15055 https",
    ),
    (  # fwd without quotes, though of Router 2.0
        b'at=info method=GET path="/" host=my-app.example.com'
        b" request_id=6903a168-b79b-ec27-03c8-b8f64d8d8792 fwd=138.68.186.89 dyno=web.1"
        b" connect=0ms service=0ms status=200 bytes=0 protocol=http2.0 tls=true"
        b" tls_version=tls1.3",
        "info",
        "GET|/|my-app.example.com|6903a168-b79b-ec27-03c8-b8f64d8d8792|138.68.186.89",
        "web.1 0.0 0.0 200 0 http2.0 true tls1.3",
    ),
    (  # printed by an application: the text is the same, APP-NAME decides that it does not count
        b'at=info method=HEAD path="/api/monitor/" host=api-staging.myotest.cloud'
        b' request_id=fec8bbaa-1787-4f16-8897-62dbb7e7b220 fwd="104.238.136.194" dyno=web.1'
        b" connect=1ms service=115ms status=200 bytes=1742 protocol=https",
        "info",
        "HEAD|/api/monitor/|api-staging.myotest.cloud|fec8bbaa-1787-4f16-8897-62dbb7e7b220|"
        "104.238.136.194",
        "web.1 0.001 0.115 200 1742 https",
    ),
    (  # a stray quote behind host
        b'at=info method=GET path="/posts" host=myapp.herokuapp.com" fwd="204.204.204.204"'
        b" dyno=web.1 connect=1ms service=18ms status=200 bytes=975",
        "info",
        "GET|/posts|myapp.herokuapp.com||204.204.204.204",
        "web.1 0.001 0.018 200 975",
    ),
    (  # an unquoted path that holds "="
        b"at=info method=GET"
        b" path=/check?metric=railgun.accepting:sum:max,railgun.running:sum:max&0"
        b" host=umpire.herokai.com request_id=1f3ed8a9-c80c-49de-a4af-2df9f4ddb858"
        b' fwd="46.20.45.18" dyno=web.14 connect=1ms service=849ms status=500 bytes=306',
        "info",
        "GET|/check?metric=railgun.accepting:sum:max,railgun.running:sum:max&0|"
        "umpire.herokai.com|1f3ed8a9-c80c-49de-a4af-2df9f4ddb858|46.20.45.18",
        "web.14 0.001 0.849 500 306",
    ),
    (  # from 2013
        b"at=info method=GET path=/articles/custom-domains host=mydemoapp.heroku.com"
        b" fwd=74.58.173.188 dyno=web.1 queue=0 wait=0ms connect=0ms service=1452ms status=200"
        b" bytes=5783",
        "info",
        "GET|/articles/custom-domains|mydemoapp.heroku.com||74.58.173.188",
        "web.1 0.0 1.452 200 5783",
    ),
]

ERROR_LINES = [
    (
        b'at=error code=H14 desc="No web processes running" method=GET path="/ping"'
        b" host=ancient-savannah-2923.herokuapp.com"
        b' request_id=f6e91d26-b363-4837-8208-00dcf6d7b2f0 fwd="120.148.233.212" dyno= connect='
        b" service= status=503 bytes=",
        "error|H14|No web processes running",
        "GET|/ping|ancient-savannah-2923.herokuapp.com|f6e91d26-b363-4837-8208-00dcf6d7b2f0|"
        "120.148.233.212",
        "- - - 503 -",
    ),
    (
        b'at=error code=H10 desc="App crashed" method=GET path="/" host=scrooge.niteo.co'
        b' request_id=7a2a1014-6826-4d46-86b0-db4668cbf8c0 fwd="77.208.20.53" dyno= connect='
        b" service= status=503 bytes= protocol=http",
        "error|H10|App crashed",
        "GET|/|scrooge.niteo.co|7a2a1014-6826-4d46-86b0-db4668cbf8c0|77.208.20.53",
        "- - - 503 - http",
    ),
    (
        b'at=info code=H81 desc="Blank app" method=GET path="/"'
        b" host=direwolf-d99daa9eda.staging.herokuappdev.com"
        b' request_id=56a11b1c-1f68-4658-80e4-8213a09a81c2 fwd="54.163.94.153" dyno= connect='
        b" service= status=502 bytes= protocol=https",
        "info|H81|Blank app",
        "GET|/|direwolf-d99daa9eda.staging.herokuappdev.com|"
        "56a11b1c-1f68-4658-80e4-8213a09a81c2|54.163.94.153",
        "- - - 502 - https",
    ),
    (
        b'at=error code=H12 desc="Request timeout" method=GET path="/" host=myapp.herokuapp.com'
        b" fwd=17.17.17.17 dyno=web.1 connect=6ms service=30001ms status=503 bytes=0",
        "error|H12|Request timeout",
        "GET|/|myapp.herokuapp.com||17.17.17.17",
        "web.1 0.006 30.001 503 0",
    ),
    (
        b'at=error code=H12 desc="Request timeout" method=GET path="/" host=myapp.com'
        b" fwd=17.17.17.17 dyno=web.1 connect=6ms service=30001ms status=503 bytes=0",
        "error|H12|Request timeout",
        "GET|/|myapp.com||17.17.17.17",
        "web.1 0.006 30.001 503 0",
    ),
    (
        b'at=error code=H13 desc="Connection closed without response" method=GET path="/"'
        b" host=bfghsdg.herokuapp.com request_id=b07a280a-64dd-4363-bd26-69e80ada801f"
        b' fwd="189.215.153.244" dyno=web.1 connect=0ms service=28860ms status=503 bytes=0'
        b" protocol=https",
        "error|H13|Connection closed without response",
        "GET|/|bfghsdg.herokuapp.com|b07a280a-64dd-4363-bd26-69e80ada801f|189.215.153.244",
        "web.1 0.0 28.86 503 0 https",
    ),
    (
        b'at=error code=H15 desc="Idle connection" method=GET path="/" host=myapp.herokuapp.com'
        b" fwd=17.17.17.17 dyno=web.1 connect=1ms service=55449ms status=503 bytes=18",
        "error|H15|Idle connection",
        "GET|/|myapp.herokuapp.com||17.17.17.17",
        "web.1 0.001 55.449 503 18",
    ),
    (
        b'at=error code=H24 desc="Forced close" method=GET path="/" host=myapp.herokuapp.com'
        b" fwd=17.17.17.17 dyno=web.1 connect=1ms service=80000ms status= bytes=18",
        "error|H24|Forced close",
        "GET|/|myapp.herokuapp.com||17.17.17.17",
        "web.1 0.001 80.0 - 18",
    ),
    (  # milliseconds without their unit
        b'at=error code=H25 desc="HTTP restriction: oversized header" method=GET path="/"'
        b" host=myapp.herokuapp.com request_id=ab66646e-84eb-47b8-b3bb-2031ecc1bc2c"
        b' fwd="17.17.17.17" dyno=web.1 connect=0 service=397 status=502 bytes=542',
        "error|H25|HTTP restriction: oversized header",
        "GET|/|myapp.herokuapp.com|ab66646e-84eb-47b8-b3bb-2031ecc1bc2c|17.17.17.17",
        "web.1 0.0 0.397 502 542",
    ),
    (
        b'at=error code=H26 desc="Request Error" cause="unsupported expect header value"'
        b' method=GET path="/" host=myapp.herokuapp.com'
        b' request_id=3f336f1a-9be3-4791-afe3-596a1f2a481f fwd="17.17.17.17" dyno= connect='
        b" service= status=417 bytes=",
        "error|H26|Request Error|unsupported expect header value",
        "GET|/|myapp.herokuapp.com|3f336f1a-9be3-4791-afe3-596a1f2a481f|17.17.17.17",
        "- - - 417 -",
    ),
    (
        b'sock=client at=warning code=H27 desc="Client Request Interrupted" method=GET path="/"'
        b" host=bfghsdg.herokuapp.com request_id=546c7c39-039a-4487-b120-c46017e501b2"
        b' fwd="189.215.153.244" dyno=web.1 connect=1ms service=29043ms status=499 bytes='
        b" protocol=https",
        "warning|H27|Client Request Interrupted||client",
        "GET|/|bfghsdg.herokuapp.com|546c7c39-039a-4487-b120-c46017e501b2|189.215.153.244",
        "web.1 0.001 29.043 499 - https",
    ),
    (
        b'at=warning code=H28 desc="Client Connection Idle" method=GET path="/"'
        b" host=myapp.herokuapp.com fwd=17.17.17.17 dyno=web.1 connect=1ms service=55449ms"
        b" status=499 bytes=18",
        "warning|H28|Client Connection Idle",
        "GET|/|myapp.herokuapp.com||17.17.17.17",
        "web.1 0.001 55.449 499 18",
    ),
    (  # the bare word "error", and an agent
        MISDIRECTED,
        "error|H31|Misdirected Request",
        "GET|/|[host.com]|[guid]|[IP]|<agent>",
        "- - - 421 - http",
    ),
    (
        b'at=info code=H82 desc="Free dyno quota exhausted" method=GET path="/"'
        b" host=myapp.herokuapp.com fwd=17.17.17.17 dyno= connect= service= status=503 bytes=",
        "info|H82|Free dyno quota exhausted",
        "GET|/|myapp.herokuapp.com||17.17.17.17",
        "- - - 503 -",
    ),
    (
        b'sock=backend at=error code=H18 desc="Server Request Interrupted" method=POST'
        b' path="/inc/md5.asp" host=www.nesta.org.uk'
        b" request_id=32515736-2fd7-46bc-b722-78860110de1d"
        b' fwd="240e:d9:c200:104:85c5::ec0,172.69.34.65" dyno=web.1 connect=0ms service=44ms'
        b" status=503 bytes= protocol=https",
        "error|H18|Server Request Interrupted||backend",
        "POST|/inc/md5.asp|www.nesta.org.uk|32515736-2fd7-46bc-b722-78860110de1d|"
        "240e:d9:c200:104:85c5::ec0,172.69.34.65",
        "web.1 0.0 0.044 503 - https",
    ),
    (  # shortened: without request_id, fwd and dyno
        b'sock=backend at=error code=H18 desc="Server Request Interrupted" method=POST'
        b' path="/herokutest" host=node-upload-test.herokuapp.com connect=0ms service=139ms'
        b" status=503 bytes=287 protocol=http",
        "error|H18|Server Request Interrupted||backend",
        "POST|/herokutest|node-upload-test.herokuapp.com||",
        "- 0.0 0.139 503 287 http",
    ),
    (  # Router 2.0, with the status that the app had sent
        b'sock=backend at=error code=H18 desc="Server Request Interrupted" method=POST'
        b' path="/api/v1/semantic_search_stream"'
        b" host=class-chat-python-f081e08f29b8.herokuapp.com"
        b' request_id=32703692-2362-4363-b46a-92c695c1d6b1 fwd="100.27.26.255" dyno=web.1'
        b" connect=0ms service=710ms status=200 bytes=0 protocol=http1.1 tls=true"
        b" tls_version=unknown",
        "error|H18|Server Request Interrupted||backend",
        "POST|/api/v1/semantic_search_stream|class-chat-python-f081e08f29b8.herokuapp.com|"
        "32703692-2362-4363-b46a-92c695c1d6b1|100.27.26.255",
        "web.1 0.0 0.71 200 0 http1.1 true unknown",
    ),
    (  # 2014: sock at the end
        b'at=error code=H18 desc="Request Interrupted" method=GET path="/"'
        b" host=myapp.herokuapp.com fwd=17.17.17.17 dyno=web.1 connect=1ms service=0ms status=503"
        b" bytes=0 sock=client",
        "error|H18|Request Interrupted||client",
        "GET|/|myapp.herokuapp.com||17.17.17.17",
        "web.1 0.001 0.0 503 0",
    ),
]


@pytest.mark.parametrize(("line", "head", "texts", "values"), NORMAL_LINES + ERROR_LINES)
def test_a_line_of_heroku(line: bytes, head: str, texts: str, values: str) -> None:
    assert parse_router_line(line) == expected(head, texts, values)


@pytest.mark.parametrize(
    ("tail", "values"),
    [
        (b" dyno= connect= service= status=503 bytes=", "- - - 503 -"),  # H10, H14, H20, ...
        (b" dyno=web.1 connect=5001ms service= status=503 bytes=", "web.1 5.001 - 503 -"),  # H19
        (b" dyno=web.1 connect=1ms service= status=503 bytes=", "web.1 0.001 - 503 -"),  # H21
        (b" dyno=web.1 connect=1ms service=80000ms status= bytes=18", "web.1 0.001 80 - 18"),  # H24
        (b" dyno=web.1 connect= service=30000ms status=503 bytes=0", "web.1 - 30 503 0"),  # H12
        (b" dyno=web.1 connect=1ms service=9ms status=499 bytes=", "web.1 0.001 0.009 499 -"),
        (b" dyno=web.1 connect=0 service=1 status=400 bytes=7", "web.1 0 0.001 400 7"),  # H26
        (b" dyno= connect=0ms service=0ms status=503 bytes=596", "- 0 0 503 596"),  # H80
    ],
)
def test_a_missing_value_is_none_and_never_zero(tail: bytes, values: str) -> None:
    line = b'at=error code=H99 method=GET path="/" host=h fwd="1.1.1.1"' + tail

    for end, more in (
        (b"", ""),
        (b"\n", ""),
        (b" protocol=http", " http"),
        (b" protocol=http1.1 tls=true tls_version=tls1.3", " http1.1 true tls1.3"),
    ):
        request = expected("error|H99", "GET|/|h||1.1.1.1", values + more)
        assert parse_router_line(line + end) == request


def trusted(
    request: RouterRequest,
) -> tuple[str, str, float | None, float | None, int | None, int | None]:
    """Return what is counted, and what no client may be able to choose."""
    code, dyno, size = request.code, request.dyno, request.bytes
    return code, dyno, request.connect, request.service, request.status, size


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (b"H12", "H12"),
        (b"H42", "H42"),  # unknown, and well-formed
        (b"R14", "R14"),
        (b"L10", "L10"),
        (b"blank-app", ""),  # before there was H81
        (b"h12", ""),
        (b"H1", ""),
        (b"H123", ""),
        (b"X12", ""),
        (b"", ""),
        (b'"H12"', "H12"),
    ],
)
def test_a_malformed_code_is_empty_and_the_request_counts(token: bytes, code: str) -> None:
    request = parse_router_line(b'at=info code=%s method=GET path="/" status=503' % token)

    assert request is not None
    assert request.code == code
    assert request.status == 503


@pytest.mark.parametrize(
    ("tail", "values"),
    [
        (b"dyno=web connect=1ms service=1ms status=200 bytes=1", ("", 0.001, 0.001, 200, 1)),
        (b"dyno=1.web connect=1ms service=1ms status=200 bytes=1", ("", 0.001, 0.001, 200, 1)),
        (b"dyno=web.1.2 connect=1s service=-1ms status=20 bytes=-1", ("", None, None, None, None)),
        (b"dyno=web.x connect=1.5ms service=nanms status=2000 bytes=1kB", ("", *[None] * 4)),
        (
            b"dyno= connect=%sms service=1e3 status=+20 bytes=%s" % (b"9" * 99, b"9" * 99),
            ("", *[None] * 4),
        ),
        (
            b"dyno=%s.1 connect=ms service=1 ms status=2_0 bytes=1_0" % (b"x" * 64),
            ("", None, 0.001, None, None),
        ),
    ],
)
def test_a_malformed_value_is_missing(tail: bytes, values: tuple[object, ...]) -> None:
    request = parse_router_line(b'at=info method=GET path="/" host=h fwd="" ' + tail)

    assert request is not None
    assert trusted(request)[1:] == values


@pytest.mark.parametrize(
    "line",
    [
        b"Error H10 (App crashed) -> GET myapp.heroku.com/ web=web.1 queue=0 wait=0ms service=0ms"
        b" bytes=0",
        b"GET / HTTP/1.1 | 75.36.147.245 | 8132 | http | 503",
        b"GET devcenter.heroku.com/articles/git dyno=web.3  service=44ms status=200 bytes=32839",
        b"",
        b"i'm not that long",
        b"at=info",
        b"at=info method=GET",
        b'at=info method=GET path="/" host=h dyno=web.1 connect=1ms',
        b'at=info path="/" host=h dyno=web.1 connect=1ms service=1ms status=200 bytes=1',
        b"at=info xmethod=GET status=200",
        b"at=info method=GET xstatus=200",
        LEGACY.replace(b"GET", b"X" * 128),
    ],
)
def test_other_lines_are_no_requests(line: bytes) -> None:
    assert parse_router_line(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"method=GET at=error code=H12 status=503 bytes=7 dyno=web.1 connect=1ms service=2ms"
        b' path="/" host=h fwd="1.1.1.1"',
        b'code=H12 at=error method=GET fwd="1.1.1.1" host=h path="/" service=2ms bytes=7 status=503'
        b" connect=1ms dyno=web.1",
        b'new=x at=error new="a b" code=H12 method=GET new=y path="/" host=h fwd="1.1.1.1" new=z'
        b" dyno=web.1 new=1 connect=1ms service=2ms status=503 bytes=7 new=2",
        b'at=error code=H12 method=GET path="/" host=h fwd="1.1.1.1" dyno=web.1 connect=1ms'
        b' service=2ms status=503 bytes=7 new="a b"',
        b'at=error at=info code=H12 code=H13 method=GET method=PUT path="/" host=h fwd="1.1.1.1"'
        b" dyno=web.2 connect=3ms dyno=web.1 connect=1ms service=2ms status=503 bytes=6 bytes=7",
    ],
)
def test_keys_may_move_come_twice_and_be_new(line: bytes) -> None:
    request = parse_router_line(line)

    assert request is not None
    assert trusted(request) == ("H12", "web.1", 0.001, 0.002, 503, 7)
    assert (request.at, request.method, request.path) == ("error", "GET", "/")


def test_the_least_that_is_a_request() -> None:
    assert parse_router_line(b"method= status=") == RouterRequest()
    assert parse_router_line(b"code=H31 method=GET") == RouterRequest(code="H31", method="GET")


def test_texts_have_a_bounded_length() -> None:
    long = b"x" * 10_000
    line = b'sock=%s at=%s code=H31 desc="%s" cause="%s" method=GET path="%s" host=%s request_id=%s'
    line += b' fwd="%s" status=421 protocol=%s tls_version=%s agent="%s"'

    request = parse_router_line(line % ((long,) * 11))

    assert request is not None
    assert [len(text) for text in (request.sock, request.at, request.protocol)] == [0, 0, 0]
    assert len(request.tls_version) == 0
    assert [len(text) for text in (request.desc, request.cause, request.fwd)] == [512, 512, 512]
    assert len(request.path) == 2048
    assert len(request.host) == len(request.request_id) == 256
    assert len(request.agent) == 512


# Clients that imitate the router -----------------------------------------------------------------

FORGED_TAIL = b" dyno=web.9 connect=9ms service=9ms status=299 bytes=9"
# What Router 2.0 can decode from a path, and what may stand in a header.
fragments = st.lists(
    st.sampled_from(
        [
            b"/",
            b'"',
            b" ",
            b"\n",
            b"\xff\x00",
            b"at=error",
            b" code=H99",
            b' desc="',
            b" method=PUT",
            b' path="',
            b' host=evil request_id=1 fwd="1.1.1.1"',
            b' agent="',
            FORGED_TAIL,
            FORGED_TAIL + b" protocol=x",
            b" dyno=",
            b" status=",
            b" connect=7ms",
            b" protocol=https tls=false sock=client",
            b" dyno= connect= service= status=421 bytes= protocol=http",
        ]
    ),
    max_size=8,
).map(b"".join)
client_texts = fragments | st.binary(max_size=30)
methods = st.sampled_from([b"GET", b"POST", b"OPTIONS"]) | client_texts.map(
    lambda text: text.replace(b" ", b"")[:127]
)
requests = st.builds(
    b'method=%b path="%b" host=%b request_id=%b fwd="%b"'.__mod__,
    st.tuples(methods, client_texts, client_texts, client_texts, client_texts),
)
after_bytes = st.sampled_from(
    [
        b"",
        b" protocol=http",
        b" protocol=https",
        b" protocol=http1.1 tls=false",
        b" protocol=http2.0 tls=true tls_version=tls1.3",
        b" protocol=http3 tls=true tls_version=tls1.4 new=1",
    ]
)


@given(requests, after_bytes)
def test_a_client_changes_nothing_that_is_counted(request: bytes, end: bytes) -> None:
    tail = b" dyno=web.1 connect=1ms service=22ms status=304 bytes=656"
    line = b"at=info " + request + tail + end

    found = parse_router_line(line)

    assert found is not None
    assert trusted(found) == ("", "web.1", 0.001, 0.022, 304, 656)
    assert (found.at, found.sock) == ("info", "")
    assert found.protocol == (end.split()[0][9:].decode() if end else "")
    assert found.tls == (b"tls=true" in end if b"tls=" in end else None)


@given(requests, after_bytes)
def test_a_client_changes_nothing_in_an_error_either(request: bytes, end: bytes) -> None:
    head = b'sock=client at=warning code=H27 desc="Client Request Interrupted" '
    tail = b" dyno= connect= service=3ms status=499 bytes="

    found = parse_router_line(head + request + tail + end)

    assert found is not None
    assert trusted(found) == ("H27", "", None, 0.003, 499, None)
    assert found.sock == "client"


@given(requests, client_texts)
def test_a_client_changes_nothing_with_its_agent(request: bytes, agent: bytes) -> None:
    line = b'error code=H31 desc="Misdirected Request" ' + request
    line += b' dyno= connect= service= status=421 bytes= protocol=http agent="' + agent + b'"'

    found = parse_router_line(line)

    assert found is not None
    assert trusted(found) == ("H31", "", None, None, 421, None)


@given(client_texts)
def test_a_client_adds_no_dyno_to_a_line_without_one(path: bytes) -> None:
    line = b'at=error code=H18 method=GET path="%b" host=h connect=0ms service=139ms status=503'

    found = parse_router_line(line % path)

    assert found is not None
    assert trusted(found) == ("H18", "", 0.0, 0.139, 503, None)


@given(
    st.text(st.characters(codec="utf-8"), max_size=50).filter(lambda path: '" host=' not in path)
)
def test_a_decoded_path_is_kept_as_it_is(path: str) -> None:
    found = parse_router_line(LEGACY.replace(b"/cart_link", path.encode()))

    assert found is not None
    assert found.path == path
    assert found.host == "lumberjack-store.timber.io"


def test_a_client_cannot_end_the_line_of_h31_before_its_end() -> None:
    forged = b'1.1.1.1"' + FORGED_TAIL + b' agent="'
    known = b" dyno= connect= service= status=421 bytes= protocol=http"

    for fwd in (
        forged,
        forged + known + b' status=299 agent="',
        known + forged + known + b' agent="',
    ):
        found = parse_router_line(MISDIRECTED.replace(b"[IP]", fwd))

        assert found is not None
        assert trusted(found) == ("H31", "", None, None, 421, None)


def test_an_agent_of_an_unknown_tail_is_cut_off() -> None:
    line = MISDIRECTED.replace(b"bytes=", b"bytes=0").replace(b"<agent>", FORGED_TAIL)

    found = parse_router_line(line)

    assert found is not None
    assert trusted(found) == ("H31", "", None, None, 421, 0)
    assert found.agent == FORGED_TAIL.decode()


def test_of_a_long_fwd_the_end_is_kept_which_the_client_did_not_write() -> None:
    line = LEGACY.replace(b'fwd="', b'fwd="' + b"6.6.6.6, " * 200)

    found = parse_router_line(line)

    assert found is not None
    assert len(found.fwd) == 512
    assert found.fwd.endswith("6.6.6.6, 73.75.38.87")


# Any bytes ---------------------------------------------------------------------------------------


@given(st.binary(max_size=300) | requests)
def test_any_bytes_give_a_request_or_none(text: bytes) -> None:
    for line in (text, b"at=info method=GET " + text, b"error code=H31 method=GET status= " + text):
        assert isinstance(parse_router_line(line), RouterRequest | None)


@pytest.mark.parametrize(
    "piece",
    [
        b" dyno= connect= service= status=421 bytes= a=b",
        FORGED_TAIL + b" protocol=x",
        b' path="" host=',
        b' agent="',
        b' desc="',
        b" fwd=",
        b" a=b",
        b'"',
        b" ",
        b"\n",
        b"x",
    ],
)
def test_64_kib_of_anything_take_linear_time(piece: bytes) -> None:
    """Not timed: with anything quadratic in it this test takes minutes."""
    for head in (b"", b'at=info method=GET path="', b'error code=H31 method=GET status= path="'):
        line = (head + piece * 65536)[:65536]
        assert isinstance(parse_router_line(line), RouterRequest | None)
