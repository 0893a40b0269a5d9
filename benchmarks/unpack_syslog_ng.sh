#!/bin/sh
# Unpack syslog-ng beside the system, without installing it: it conflicts with rsyslog.
#
#   benchmarks/unpack_syslog_ng.sh DIR
#   DIR/syslog-ng -F --no-caps -f FILE --persist-file=FILE --pidfile=FILE --control=SOCKET
#   DIR/loggen ...
#
# Downloads syslog-ng-core, and those libraries that it needs and the system lacks, with apt-get
# from the package sources that are configured, and leaves two wrappers that set the library and
# module paths. No root needed; nothing outside DIR is changed. Does nothing if DIR is complete.
# `SYSLOG_NG_ROOT=DIR` makes benchmarks/run.py use it.
#
# Exit codes: 0, 1 (no package could be had; `apt-get update` may help), 2 (usage).
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 DIR" >&2
    exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)

works() {
    [ -x "$dir/syslog-ng" ] && "$dir/syslog-ng" --version >/dev/null 2>&1 && [ -x "$dir/loggen" ]
}

if works; then
    exit 0
fi

# A simulated installation names what is missing, libraries of libraries included.
missing=$(apt-get --simulate --no-install-recommends install syslog-ng-core 2>/dev/null |
    awk '$1 == "Inst" { print $2 }')
rm -rf "$dir/packages" "$dir/root"
mkdir -p "$dir/packages" "$dir/root"
(cd "$dir/packages" && printf '%s\n' syslog-ng-core $missing | sort -u |
    xargs apt-get --quiet --quiet -o APT::Sandbox::User=root download >&2) || {
    echo "$0: apt-get download failed; are the package lists there (apt-get update)?" >&2
    exit 1
}
for package in "$dir"/packages/*.deb; do
    dpkg-deb --extract "$package" "$dir/root"
done
rm -rf "$dir/packages"

modules=$(find "$dir/root/usr/lib" -name libafsocket.so -exec dirname {} \;)
libraries=$(find "$dir/root" -name '*.so*' ! -path "$modules/*" -exec dirname {} \; |
    sort -u | tr '\n' ':')

# wrapper NAME PROGRAM [ARGUMENT]
wrapper() {
    cat >"$dir/$1.new" <<END
#!/bin/sh
LD_LIBRARY_PATH='$libraries'\${LD_LIBRARY_PATH-} \\
    SYSLOGNG_PREFIX='$dir/root/usr' exec '$dir/root/$2' ${3-} "\$@"
END
    chmod +x "$dir/$1.new"
    mv "$dir/$1.new" "$dir/$1"
}
wrapper loggen usr/bin/loggen
wrapper syslog-ng usr/sbin/syslog-ng "'--module-path=$modules'"

if ! works; then
    "$dir/syslog-ng" --version >&2 || true
    echo "$0: what was unpacked does not run" >&2
    exit 1
fi
