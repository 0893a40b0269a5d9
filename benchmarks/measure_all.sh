#!/bin/sh
# Measure everything that docs/performance.md shows, and draw it. On an otherwise idle machine:
#
#   SYSLOG_NG_ROOT=DIR sh benchmarks/measure_all.sh [PYTHON]
#   python docs/build.py
#
# That takes about 40 minutes on two processors: the soak 20 of them, run.py 8, the others up to 4.
#
# PYTHON has the package with its extra `bench` installed; default: .venv/bin/python. All steps run,
# whatever becomes of the earlier ones; figures are replaced by complete ones only.
#
# Exit codes: 0, 1 (a step failed), 2 (usage).
set -u

if [ $# -gt 1 ]; then
    echo "usage: $0 [PYTHON]" >&2
    exit 2
fi
cd "$(dirname "$0")/.." || exit 1
python=${1:-.venv/bin/python}
figures=docs/performance
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT
failed=

for name in run growth udp scrape fairness soak; do
    printf '\n===== %s =====\n' "$name"
    if "$python" "benchmarks/$name.py" --json "$new/$name.json"; then
        cp "$new/$name.json" "$figures/"
    else
        failed="$failed $name"
    fi
done
for name in run growth; do
    if [ -f "$new/$name.json" ]; then
        "$python" benchmarks/plot.py "$figures/$name.json" "$figures/$name.svg" ||
            failed="$failed $name.svg"
    fi
done

if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
