#!/bin/sh
# Makes .venv beside this file, ready to use: `sh setup.sh` for the daemon, `sh setup.sh compiled`
# for one that needs a third less CPU time, `sh setup.sh dev` for the daemon and everything that its
# tests need. On Debian it installs what Python lacks there, and the C compiler. VENV=DIR makes it
# somewhere else.
set -eu
cd "$(dirname "$0")"
mode=${1:-}
venv=${VENV:-.venv}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

on_debian() {
    command -v apt-get >/dev/null || { echo "setup.sh: needs $1" >&2; exit 1; }
    shift
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "$@" >/dev/null
}

# Debian splits venv from Python: without python3-venv the module is there but cannot make one.
if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    on_debian 'Python 3.11 with venv' python3 python3-venv ca-certificates
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        { echo "setup.sh: needs Python 3.11 or newer" >&2; exit 1; }
fi

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

case $mode in
'')
    install . ;;
compiled)
    header='import os, sysconfig as s; print(os.path.join(s.get_path("include"), "Python.h"))'
    if ! command -v cc >/dev/null || [ ! -f "$("$venv/bin/python" -c "$header")" ]; then
        on_debian "a C compiler and Python's headers" gcc libc6-dev python3-dev
    fi
    # In a copy: what the compiler leaves there would be imported in the place of the sources.
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    cp -R heroku_syslogd pyproject.toml README.md LICENSE "$copy"
    HATCH_BUILD_HOOK_ENABLE_MYPYC=1 install --no-cache-dir "$copy" ;;
*)
    install --editable ".[$mode]" ;;
esac
