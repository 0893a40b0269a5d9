"""Lines of the router for requests that ended in an error; `router_lines` says how a row reads."""

from __future__ import annotations

from typing import Final

MISDIRECTED: Final = (
    b'error code=H31 desc="Misdirected Request" method=GET path="/" host=[host.com]'
    b' request_id=[guid] fwd="[IP]" dyno= connect= service= status=421 bytes= protocol=http'
    b' agent="<agent>"'
)

ERROR_LINES: Final = [
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
