#!/usr/bin/env bash
# Installs what is missing of the Debian packages named, and says so before it does.
set -euo pipefail

# The servers in these packages are started by the tests themselves, on free ports.
missing=()
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Please install these and try again: ${missing[*]}" >&2
    exit 1
fi
become=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Please run as root and try again: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    become=(sudo)
fi
echo "installing with apt: ${missing[*]}"
# Debian starts a service as soon as it is installed; a policy of 101 (forbidden) keeps it down.
policy=/usr/sbin/policy-rc.d
placed=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${become[@]}" tee "$policy" >/dev/null
    "${become[@]}" chmod +x "$policy"
    placed=yes
fi
trap '[ -z "$placed" ] || "${become[@]}" rm -f "$policy"' EXIT
unset TMPDIR
"${become[@]}" apt-get update -qq
"${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
