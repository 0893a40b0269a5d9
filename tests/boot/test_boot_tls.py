"""TLS and HTTPS drains of the service under a real systemd: sockets, files, sandbox, secrets."""

import http.client
from typing import Final

import pytest

from tests.boot.frames import TOKEN, UNMAPPED, frame
from tests.boot.machine import MESSAGES, RECEIVED, SERVICE, wait_for
from tests.boot.secured import CERTIFICATE, KEY, PASSWORD, USER_HEADER, Secured
from tests.boot.tree import CONFIG, USER
from tests.e2e.batches import PATH, basic, batch, batch_headers

pytestmark = pytest.mark.boot

SECRET_FILE: Final = "/etc/heroku-syslogd/logplex.password"
CREDENTIAL: Final = f"/run/credentials/{SERVICE}/logplex"


def post(secured: Secured, kind: str = "https", user: dict[str, str] = USER_HEADER) -> int:
    """Posts a batch of three messages and returns the status of the answer."""
    with secured.connect(kind) as connection:
        client = http.client.HTTPConnection("localhost")
        client.sock = connection
        client.request("POST", PATH, batch(3), {**batch_headers(TOKEN, 3), **user})
        with client.getresponse() as answer:
            return answer.status


def test_drains_arrive_over_tls_and_https(secured: Secured) -> None:
    machine = secured.machine
    with secured.connect("tls") as tls:
        tls.sendall(frame("one") + frame("two"))
        machine.wait_metric(2, RECEIVED, listener="tls")
    assert post(secured) == 200
    assert post(secured, user=basic("logplex", "another")) == 401
    machine.wait_metric(3, RECEIVED, listener="https")
    machine.wait_metric(5, MESSAGES, app=UNMAPPED)

    owner = machine.run("stat", "--format=%U %G %a", CERTIFICATE, KEY).splitlines()
    assert owner == [f"root {USER} 640"] * 2
    # Far from TasksMax=, with the threads that check passwords.
    assert len(machine.run("ls", f"/proc/{machine.show('MainPID')}/task").split()) < 10


def test_sockets_that_are_enabled_come_with_the_service(secured: Secured) -> None:
    machine = secured.machine
    machine.run("systemctl", "stop", "heroku-syslogd*")
    with pytest.raises(ConnectionRefusedError):
        secured.connect("https")

    machine.run("systemctl", "start", SERVICE)

    assert post(secured) == 200
    with secured.connect("tls") as tls:
        tls.sendall(frame("again"))
        machine.wait_metric(1, RECEIVED, listener="tls")
    # As at the boot of the machine, too: what opens the ports is done before the daemon starts.
    assert {"heroku-syslogd-tls.socket", "heroku-syslogd-https.socket"} <= set(
        machine.show("After").split()
    )


def test_a_reload_takes_over_a_renewed_certificate(secured: Secured) -> None:
    machine = secured.machine
    with secured.connect("tls") as tls:
        tls.sendall(frame("before"))
        machine.wait_metric(1, RECEIVED, listener="tls")

        renewed = secured.renew()
        machine.run("systemctl", "reload", SERVICE)
        secured.wait_presented(renewed)
        tls.sendall(frame("after"))
        machine.wait_metric(2, RECEIVED, listener="tls")
    assert machine.show("NRestarts") == "0"


def test_a_renewed_certificate_is_found_without_a_reload(secured: Secured) -> None:
    secured.wait_presented(secured.renew())


def test_a_key_that_the_service_may_not_read(secured: Secured) -> None:
    machine = secured.machine
    machine.run("chgrp", "root", KEY)

    done = machine.attempt("systemctl", "reload", SERVICE)
    assert done.returncode != 0
    problem = f"{KEY}: cannot read it: Permission denied"
    wait_for(lambda: problem in str(machine.events("config.reload_failed")), problem)
    assert post(secured) == 200

    machine.attempt("systemctl", "restart", SERVICE)
    assert machine.show("ExecMainStatus") == "69"
    machine.run("chgrp", USER, KEY)
    machine.wait_active()
    assert post(secured) == 200


def test_a_password_can_be_a_credential_of_the_service(secured: Secured) -> None:
    machine = secured.machine
    machine.install(SECRET_FILE, f"{PASSWORD}\n", mode="600", group="root")
    machine.drop_in(f"LoadCredential=logplex:{SECRET_FILE}")
    before, hashed, after = secured.config.partition("password_hash = ")
    assert hashed
    machine.write(CONFIG, f'{before}password_file = "{CREDENTIAL}" #{after}')
    machine.run("systemctl", "restart", SERVICE)

    assert post(secured) == 200
    assert post(secured, user=basic("logplex", "another")) == 401
    machine.run("systemctl", "reload", SERVICE)
    assert post(secured) == 200
