from __future__ import annotations

import ssl
import stat
from pathlib import Path

from benchmarks.transports import HOST, make_certificate
from heroku_syslogd.certificates import ServerCertificate, TLSFiles


def test_certificate_is_one_that_the_daemon_can_present(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)

    assert ServerCertificate(TLSFiles(*files)).names == (HOST,)


def test_certificate_is_accepted_by_who_trusts_it(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    server = ServerCertificate(TLSFiles(*files)).context
    client = ssl.create_default_context(cafile=files.certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=HOST)
    there = server.wrap_bio(to_server, to_client, server_side=True)

    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue

    assert here.version() == there.version() == "TLSv1.3"
    assert here.getpeercert()


def test_key_is_nobody_elses_to_read(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)

    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
