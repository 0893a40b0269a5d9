#!/usr/bin/python3
"""Heroku's command line as far as the README uses it, with a Heroku that is simulated.

``drains:add`` has the simulated one send to the drain for some seconds; the others are noted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

CALLS: Final = Path("/root/heroku.jsonl")
"""The arguments of every call, one JSON list each."""

AUTHORITY: Final = "/root/authority.pem"
"""The one authority whose certificates it accepts."""

SIMULATE: Final = ("/opt/heroku-syslogd/bin/heroku-syslogd", "simulate", "--apps=1", "--duration=4")


def arguments() -> ArgumentParser:
    """Return the commands with what each takes."""
    parser = ArgumentParser(allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, argument in (("drains:add", "url"), ("labs:enable", "feature"), ("restart", None)):
        command = commands.add_parser(name, allow_abbrev=False)
        if argument:
            command.add_argument(argument)
        command.add_argument("--app", required=True)
    return parser


def main() -> None:
    """Do what the command line asks for."""
    options = arguments().parse_args()
    with CALLS.open("a") as calls:
        print(json.dumps(sys.argv[1:]), file=calls)
    if options.command == "drains:add":
        environ = {**os.environ, "SSL_CERT_FILE": AUTHORITY}
        subprocess.run([*SIMULATE, options.url], check=True, env=environ)


if __name__ == "__main__":
    main()
