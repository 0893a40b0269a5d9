#!/usr/bin/python3
"""certbot (certbot(1)) as far as the README uses it, with an authority that is a directory.

What it leaves behind is what certbot does: the files of a certificate in ``archive``, links to the
newest of them in ``live``, all for root alone, and the deploy hook in ``renewal``, so that
``certbot renew`` runs it again.
"""

from __future__ import annotations

import os
import subprocess
from argparse import ArgumentParser
from configparser import RawConfigParser
from pathlib import Path
from typing import Final

LETSENCRYPT: Final = Path("/etc/letsencrypt")
ISSUED: Final = Path("/root/issued")
"""Where the authority leaves the files of the next certificate."""

FILES: Final = ("fullchain", "privkey")


def arguments() -> ArgumentParser:
    """Return the options, written in the way of the README alone."""
    parser = ArgumentParser(allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    certonly = commands.add_parser("certonly", allow_abbrev=False)
    certonly.add_argument("--standalone", action="store_true", required=True)
    certonly.add_argument("--domain", required=True)
    certonly.add_argument("--deploy-hook", required=True)
    commands.add_parser("renew", allow_abbrev=False)
    return parser


def obtain(domain: str) -> Path:
    """Store the certificate that the authority has; return the directory of the newest files."""
    archive, live = LETSENCRYPT / "archive" / domain, LETSENCRYPT / "live" / domain
    for directory in (archive, live):
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(exist_ok=True)
    number = len(list(archive.glob(f"{FILES[0]}*.pem"))) + 1
    for name in FILES:
        file, link = archive / f"{name}{number}.pem", live / f"{name}.pem"
        file.touch(mode=0o600 if name == "privkey" else 0o644)
        file.write_bytes((ISSUED / link.name).read_bytes())
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..", "..", "archive", domain, file.name))
    return live


def deploy(domain: str, hook: str) -> None:
    """Obtain a certificate, and tell the hook where it is."""
    lineage = {"RENEWED_LINEAGE": str(obtain(domain)), "RENEWED_DOMAINS": domain}
    subprocess.run(hook, shell=True, check=True, env={**os.environ, **lineage})


def main() -> None:
    """Do what the command line asks for."""
    options = arguments().parse_args()
    renewal = RawConfigParser()
    if options.command == "certonly":
        deploy(options.domain, options.deploy_hook)
        renewal["renewalparams"] = {"renew_hook": options.deploy_hook}
        (LETSENCRYPT / "renewal").mkdir(exist_ok=True)
        with (LETSENCRYPT / "renewal" / f"{options.domain}.conf").open("w") as file:
            renewal.write(file)
    else:
        for path in (LETSENCRYPT / "renewal").glob("*.conf"):
            renewal.read(path)
            deploy(path.stem, renewal["renewalparams"]["renew_hook"])


if __name__ == "__main__":
    main()
