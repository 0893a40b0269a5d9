#!/bin/sh
# Makes .venv beside this file, ready to use: `sh setup.sh` for the daemon, `sh setup.sh dev` for
# the daemon and everything that its tests need. On Debian it installs what Python lacks there.
set -eu
cd "$(dirname "$0")"
extras=${1:+".[$1]"}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian splits venv from Python: without python3-venv the module is there but cannot make one.
if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    command -v apt-get >/dev/null || { echo "setup.sh: needs Python 3.11 with venv" >&2; exit 1; }
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        python3 python3-venv ca-certificates >/dev/null
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        { echo "setup.sh: needs Python 3.11 or newer" >&2; exit 1; }
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check ${extras:+--editable} "${extras:-.}"
