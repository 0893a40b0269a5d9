"""Certificates, and who else is let in: renewed, broken and replaced while the daemon runs."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.daemon_process import (
    WAIT_SECONDS,
    DaemonProcess,
    running,
    spawn,
    total,
    wait_until,
)
from tests.e2e.batches import Poster, basic
from tests.e2e.peers import Reader, speak
from tests.e2e.pressure import held
from tests.e2e.tls_files import Authority, Files, replace
from tests.e2e.traffic import app_line, octet_counted, token

DRAIN: Final = token(8000)
FRAME: Final = octet_counted([app_line(DRAIN)])
JUNK: Final = b"-----BEGIN CERTIFICATE-----\nthis was meant to be one\n-----END CERTIFICATE-----\n"
ENCRYPTED: Final = ("tls", "https")
SECRETS: Final = ("open-sesame", "swordfish")

FIRST: Final = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
SECOND: Final = datetime(2032, 3, 4, 5, 6, 7, tzinfo=UTC)

NOT_AFTER: Final = "heroku_syslogd_tls_certificate_not_after_timestamp_seconds"
CERTIFICATE_OK: Final = "heroku_syslogd_tls_certificate_last_reload_successful"
CONFIG_OK: Final = "heroku_syslogd_config_last_reload_successful"


def configuration(files: dict[str, Files], more: str = "") -> str:
    """Return a configuration with listeners, each with its type for a label."""
    config = f'[admin]\naddress = "127.0.0.1:0"\n[drains.tokens]\n"{DRAIN}" = "before"\n{more}'
    for kind, own in files.items():
        config += f'[[listener]]\ntype = "{kind}"\naddress = "127.0.0.1:0"\n{own.toml}'
    return config


def presented(daemon: DaemonProcess, listener: str, authority: Authority) -> bytes | None:
    """Return the certificate that a new handshake gets."""
    with closing(speak(daemon.address_of(listener), "", authority.trusted())) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        return connection.getpeercert(binary_form=True)


# Renewals -----------------------------------------------------------------------------------------


def test_sighup_renews_the_certificate_of_new_connections(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = {kind: authority.issue(file=kind, not_after=FIRST) for kind in ENCRYPTED}
    config = configuration(files)
    with running(config, tmp_path) as daemon:
        first = {kind: files[kind].der for kind in ENCRYPTED}
        with (
            closing(speak(daemon.tls, "", authority.trusted())) as connection,
            closing(Poster(daemon.https, DRAIN, tls=authority.trusted())) as poster,
        ):
            connection.sendall(FRAME)
            assert poster.post() == 200
            for kind in ENCRYPTED:
                assert presented(daemon, kind, authority) == first[kind]
                assert daemon.total(NOT_AFTER, listener=kind) == FIRST.timestamp()

            with held(daemon):  # so that it does not look before it is asked to
                for kind in ENCRYPTED:
                    authority.issue(file=kind, not_after=SECOND)
                    assert files[kind].der != first[kind]
                daemon.reload(config)
            daemon.wait_event("config.reloaded")

            connection.sendall(FRAME)
            assert poster.post() == 200
            daemon.wait_for("heroku_log_messages_total", {"app": "before"}, 4)
            for kind in ENCRYPTED:
                assert presented(daemon, kind, authority) == files[kind].der
                assert daemon.total(NOT_AFTER, listener=kind) == SECOND.timestamp()
                assert daemon.total(CERTIFICATE_OK, listener=kind) == 1
        assert daemon.total(CONFIG_OK) == 1


def test_changed_files_are_taken_over_and_broken_ones_are_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = {kind: authority.issue(file=kind, not_after=FIRST) for kind in ENCRYPTED}
    with running(configuration(files), tmp_path) as daemon:
        kept = files["https"].der
        with held(daemon):  # so that it does not look between the key and the certificate
            authority.issue(file="tls", not_after=SECOND)
            replace(files["https"].certificate, JUNK)
        # The only wait for the daemon to look by itself, which it does every five seconds.
        daemon.wait_event("certificate.renewed")
        problem = daemon.wait_event("certificate.invalid")
        assert problem["listener"] == "https"
        assert problem["problem"].startswith(f"{files['https'].certificate}: ")
        assert "this was meant" not in daemon.log_path.read_text()

        assert presented(daemon, "tls", authority) == files["tls"].der
        assert presented(daemon, "https", authority) == kept
        metrics = daemon.metrics()
        assert total(metrics, NOT_AFTER, listener="tls") == SECOND.timestamp()
        assert total(metrics, NOT_AFTER, listener="https") == FIRST.timestamp()
        assert total(metrics, CERTIFICATE_OK, listener="tls") == 1
        assert total(metrics, CERTIFICATE_OK, listener="https") == 0
        assert total(metrics, CONFIG_OK) == 1
        assert len(daemon.events("certificate.invalid")) == 1
        assert len(daemon.events("certificate.renewed")) == 1


def test_sighup_with_a_broken_certificate_changes_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = {kind: authority.issue(file=kind, not_after=FIRST) for kind in ENCRYPTED}
    config = configuration(files)
    with running(config, tmp_path) as daemon:
        before = {kind: files[kind].der for kind in ENCRYPTED}
        with held(daemon):  # so that it does not look before it is asked to
            authority.issue(file="tls", not_after=SECOND)
            renewed = files["tls"].der
            replace(files["https"].certificate, JUNK)
            daemon.reload(config.replace('"before"', '"after"'))
        (problem,) = daemon.wait_event("config.reload_failed")["problems"]
        assert str(files["https"].certificate) in problem
        metrics = daemon.metrics()
        assert total(metrics, CONFIG_OK) == 0
        assert total(metrics, CERTIFICATE_OK, listener="https") == 0
        assert presented(daemon, "https", authority) == before["https"]
        with closing(Poster(daemon.https, DRAIN, tls=authority.trusted())) as poster:
            assert poster.post() == 200
        daemon.wait_for("heroku_log_messages_total", {"app": "before"}, 1)

        mended = authority.issue(file="https", not_after=SECOND)
        daemon.reload(config.replace('"before"', '"after"'))
        daemon.wait_event("config.reloaded")
        metrics = daemon.metrics()
        assert total(metrics, CONFIG_OK) == total(metrics, CERTIFICATE_OK, listener="https") == 1
        assert presented(daemon, "https", authority) == mended.der
        assert presented(daemon, "tls", authority) == renewed
        with closing(Poster(daemon.https, DRAIN, tls=authority.trusted())) as poster:
            assert poster.post() == 200
        daemon.wait_for("heroku_log_messages_total", {"app": "after"}, 1)
        assert len(daemon.events("config.reload_failed")) == 1


# Starts and checks --------------------------------------------------------------------------------


def broken(authority: Authority) -> Iterator[tuple[str, Files, str]]:
    """Yield certificates that cannot be used: a name, files, and what is to be said of them."""
    good, other = authority.issue(file="good"), authority.issue(file="other")
    missing = good.certificate.with_name("missing.pem")
    yield "missing", Files(missing, good.key), f"{missing}: cannot read it: No such file"
    yield "no key", Files(good.certificate, missing), f"{missing}: cannot read it: No such file"
    yield "mismatched", Files(good.certificate, other.key), f"{other.key}: its private key is not"
    yield "swapped", Files(good.key, good.certificate), f"{good.key}: it holds no PEM certificate"


def test_a_start_with_a_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    daemons = []
    for name, files, problem in broken(Authority(tmp_path)):
        (tmp_path / name).mkdir()
        daemons.append((spawn(configuration({"tls": files}), tmp_path / name), problem))
    for daemon, problem in daemons:
        assert daemon.wait() == 69
        (line,) = daemon.log_path.read_text().splitlines()
        assert line.startswith(f"heroku-syslogd: listener tls: {problem}")


def check(config: str, path: Path) -> tuple[int, str, str]:
    """Run ``heroku-syslogd check``; return its exit code and what it says."""
    path.write_text(config)
    done = subprocess.run(
        [sys.executable, "-m", "heroku_syslogd", "check", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def test_check_tells_names_and_expiry(tmp_path: Path) -> None:
    files = Authority(tmp_path).issue("drain.example", "192.0.2.1", not_after=FIRST)
    code, said, problems = check(configuration({"https": files}), tmp_path / "config.toml")
    assert (code, problems) == (0, "")
    assert "drain.example, 192.0.2.1; expires 2031-02-03 04:05 UTC" in said


def test_check_names_every_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cases = list(broken(authority))
    config = configuration({"https": authority.issue()})
    for name, files, _ in cases:
        label = name.replace(" ", "-")
        config += f'[[listener]]\nname = "{label}"\ntype = "tls"\n'
        config += f'address = "127.0.0.1:0"\n{files.toml}'
    path = tmp_path / "config.toml"
    code, said, problems = check(config, path)
    assert (code, said) == (78, "")
    for number, (line, (_, _, problem)) in enumerate(
        zip(problems.splitlines(), cases, strict=True), 1
    ):
        assert line.startswith(f"{path}: listener.{number}.certificate: {problem}")


# Drains, credentials and addresses ----------------------------------------------------------------


def test_unknown_drains_are_rejected_with_a_200(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    config = f'[drains]\nunknown = "reject"\n{configuration({"https": authority.issue()})}'
    with running(config, tmp_path) as daemon:
        for drain in (token(8001), DRAIN):
            with closing(Poster(daemon.https, drain, tls=authority.trusted())) as poster:
                assert poster.post(5) == 200  # Logplex would throw it away, and report a loss
        daemon.wait_for("heroku_log_messages_total", {"app": "before"}, 5)
        metrics = daemon.wait_idle()
        lost = "heroku_syslogd_lost_messages_total"
        assert total(metrics, lost, listener="https", reason="unknown_drain") == 5
        assert total(metrics, lost) == 5
        assert total(metrics, "heroku_syslogd_unknown_drains_total") == 1
        assert total(metrics, "heroku_log_messages_total") == 5


def test_credentials_and_addresses_change_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    password = tmp_path / "password"
    credential = f'[[credentials]]\nuser = "logplex"\npassword_file = "{password}"\n'
    closed = configuration({"https": authority.issue()}, credential)
    opened = closed.replace(credential, "")
    denied = f'{closed}allow = ["192.0.2.0/24"]\n'
    password.write_text(f"{SECRETS[0]}\n")
    with running(closed, tmp_path) as daemon:
        first, second = (
            Poster(daemon.https, DRAIN, tls=authority.trusted(), headers=basic("logplex", secret))
            for secret in SECRETS
        )
        with closing(first), closing(second):
            assert (first.post(), second.post()) == (200, 401)

            password.write_text(f"{SECRETS[1]}\n")
            daemon.reload(closed)
            daemon.wait_event("config.reloaded")
            assert (first.post(), second.post()) == (401, 200)

            password.write_text("\n")
            daemon.reload(opened.replace('"before"', '"never"') + credential)
            daemon.wait_event("config.reload_failed")
            assert (first.post(), second.post()) == (401, 200)

            daemon.reload(opened)
            daemon.wait_event("config.reloaded", 2)
            assert (first.post(), second.post()) == (200, 200)

            password.write_text(f"{SECRETS[1]}\n")
            daemon.reload(denied)
            daemon.wait_event("config.reloaded", 3)
            assert second.post() == 200  # what is open stays open
            with closing(speak(daemon.https)) as stranger:
                wait_until(Reader(stranger).at_end, "the end of the connection")
            rejected = {"listener": "https", "reason": "not_allowed"}
            daemon.wait_for("heroku_syslogd_connections_rejected_total", rejected, 1)
        daemon.wait_for("heroku_log_messages_total", {"app": "before"}, 6)
        log = daemon.log_path.read_text()
        assert not [secret for secret in SECRETS if secret in log]
