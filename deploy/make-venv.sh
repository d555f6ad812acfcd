#!/usr/bin/env bash
# Makes a virtual environment with the newest suitable Python on the path, 3.11 or later.
set -euo pipefail

venv=$1
[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && exit 0

suits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}
python=
for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    [ -n "$candidate" ] && suits "$candidate" && python=$candidate && break
done
if [ -z "$python" ]; then
    echo "Python 3.11 or later is needed; set PYTHON to one, or install python3." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$(dirname "$0")/install-debian.sh" python3-venv
fi
rm -rf "$venv"
"$python" -m venv "$venv"
