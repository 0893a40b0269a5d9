"""Lines of the router for requests that ended normally, and how a row of the tables reads."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import RouterRequest

LEGACY: Final = (
    b'at=info method=GET path="/cart_link" host=lumberjack-store.timber.io'
    b' request_id=05726858-c44e-4f94-9a20-37df73be9006 fwd="73.75.38.87" dyno=web.1 connect=1ms'
    b" service=22ms status=304 bytes=656 protocol=http"
)
ROUTER_2: Final = (
    b'at=info method=GET path="/api/Schlachter 1951/books" host=www.123-bibel.de'
    b' request_id=4b0adc25-f648-c9c5-0b09-537cc99a4b84 fwd="84.183.36.173" dyno=web.1 connect=0ms'
    b" service=3ms status=200 bytes=2256 protocol=http2.0 tls=true tls_version=tls1.3"
)
WITHOUT_PROTOCOL: Final = (
    b'at=info method=GET path="/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e'
    b'1c05dc2f89.css" host=app.fivegoodfriends.com.au'
    b' request_id=bef7f609-eceb-4684-90ce-c249e6843112 fwd="58.6.203.42,54.239.202.42" dyno=web.1'
    b" connect=0ms service=2ms status=304 bytes=112"
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


NORMAL_LINES: Final = [
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
