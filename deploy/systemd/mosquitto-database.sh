#!/bin/sh
# Lets Mosquitto start although its database is damaged: sets the file aside. README.md beside this.
#
#   mosquitto-database.sh note [DATABASE]     after each end: remembers that the broker failed
#   mosquitto-database.sh check [DATABASE]    before each start: if it failed, tries the database
#
# The database is tried by a second Mosquitto, which reads it by a link, and has no port. The link is in the
# unit's folder below /run: a full disk is no hindrance, and nothing is left of a trial that was killed. If that one ends by
# itself, the file is renamed to DATABASE.broken-TIME, and the newest three of these are kept. If it
# runs, the failure was another one, and the file stays. The exit code is 0: nothing here keeps the
# broker from starting.

database=${2:-/var/lib/mosquitto/mosquitto.db}
mosquitto=${MOSQUITTO:-/usr/sbin/mosquitto}
patience_s=${PATIENCE_S:-30}
failed=$database.failed
kept=3

say() {
    echo "mosquitto-database: $*" >&2
}

# Whether Mosquitto runs in the folder: 0 yes, 1 no, 2 it took too long. The socket's path is
# relative: an absolute one may be longer than the kernel takes.
runs() {
    (cd "$folder" && exec "$mosquitto" -c trial.conf) >"$folder/log" 2>&1 &
    trial=$!
    result=2
    begun=$(date +%s)
    while [ $(($(date +%s) - begun)) -lt "$patience_s" ]; do
        if ! kill -0 "$trial" 2>/dev/null; then
            result=1
            break
        fi
        if grep -q ' running$' "$folder/log"; then
            result=0
            break
        fi
        sleep 0.1 2>/dev/null || sleep 1
    done
    kill -9 "$trial" 2>/dev/null
    wait "$trial" 2>/dev/null
    return $result
}

# Whether Mosquitto starts with the database: 0 yes, 1 no, but without it, 2 it could
# not be tried, or starts without it neither.
try() {
    folder=$(mktemp -d "${RUNTIME_DIRECTORY:-$(dirname "$database")}/trial.XXXXXX") || return 2
    ln -s "$database" "$folder/mosquitto.db" || { rm -rf "$folder"; return 2; }
    owner=$(ls -ld "$database" | awk '{ print $3 }')
    [ "$(id -u)" -eq 0 ] && chown "$owner" "$folder"
    printf '%s\n' "persistence true" "persistence_location $folder/" "listener 0 socket" \
        "allow_anonymous true" "log_dest stderr" "user $owner" >"$folder/trial.conf"
    chmod 644 "$folder/trial.conf"
    runs
    tried=$?
    if [ $tried -eq 1 ]; then
        grep -i error "$folder/log" >&2
        rm -f "$folder/mosquitto.db" "$folder/socket"
        runs || tried=2
    fi
    rm -rf "$folder"
    return $tried
}

set_aside() {
    aside=$database.broken-$(date -u +%Y%m%dT%H%M%SZ)
    mv "$database" "$aside" || return
    say "the broker does not start with its database; it is now $aside"
    # The names are in order of time, and have no blanks of ours.
    ls -d "$database".broken-* 2>/dev/null | sort -r | tail -n +$((kept + 1)) | while read -r old; do
        rm -f "$old"
    done
}

case $1 in
note)
    case ${SERVICE_RESULT:-success} in
    success) ;;
    *) : >"$failed" ;;
    esac
    ;;
check)
    [ -e "$failed" ] || exit 0
    rm -f "$failed"
    [ -s "$database" ] || exit 0
    try
    case $? in
    1) set_aside ;;
    2) say "the database could not be tried, and stays" ;;
    esac
    ;;
*)
    say "expected note or check"
    exit 2
    ;;
esac
exit 0
