#!/bin/sh
# A PostgreSQL of one's own for the tests: no system service, no network, gone afterwards.
#
#   tests/postgres.sh start   prints the folder and the URL; on failure one sentence, status 1
#   tests/postgres.sh stop FOLDER
#
# Debian's packages are installed where they are missing and that is allowed. The server refuses to run as root, so
# root lends it the user that the package made.
set -u

binaries() { ls -d /usr/lib/postgresql/*/bin /usr/local/pgsql/bin 2>/dev/null | sort -V | tail -1; }
fail() { echo "no PostgreSQL: $1" >&2; exit 1; }
plain() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

stop() {
    plain "$(binaries)/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$1"
}

start() {
    if [ -z "$(binaries)" ] && command -v apt-get >/dev/null; then
        sudo=; if [ "$(id -u)" != 0 ]; then sudo="sudo -n"; fi
        { $sudo apt-get -qq update && $sudo env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install --yes --no-install-recommends postgresql; } >/dev/null 2>&1
    fi
    [ -n "$(binaries)" ] || fail "install Debian's package postgresql"
    folder=$(mktemp -d /tmp/classroom-XXXXXX) || fail "no folder could be made in /tmp"
    chmod 755 "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder" || fail "there is no user postgres to run it as"; fi
    cd "$folder" || exit 1
    said=$(plain "$(binaries)/initdb" -D "$folder/data" -U classroom -A trust -E UTF8 --no-locale 2>&1) ||
        { rm -rf "$folder"; fail "initdb said: $(echo "$said" | tail -1)"; }
    plain "$(binaries)/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 \
        -o "-c listen_addresses= -c unix_socket_directories=$folder -c max_connections=100" start >/dev/null 2>&1 ||
        { said=$(tail -1 "$folder/log"); stop "$folder"; fail "the server did not start: $said"; }
    echo "$folder postgresql://classroom@/postgres?host=$folder"
}

case "${1:-}" in
    start) start ;;
    stop) stop "$2" ;;
    *) sed -n '2,9p' "$0"; exit 2 ;;
esac
