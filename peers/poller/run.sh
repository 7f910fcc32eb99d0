#!/bin/bash
# The poller that skips row 1 for ever, on a real PostgreSQL: two sessions, a poller, and the fix with
# its price. Run as a user that may start a server (not root); it uses a folder of its own and no
# network.
set -euo pipefail
bin=${PGBIN:-/usr/lib/postgresql/15/bin}
dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -A trust -U course >/dev/null
"$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
    -o "-c listen_addresses='' -c unix_socket_directories=$dir" start >/dev/null
export PGHOST=$dir PGUSER=course PGDATABASE=postgres

# A session prints its commands, and the script waits until it has answered.
session() { # NAME
    mkfifo "$dir/$1.in"
    psql -X -q -A -t <"$dir/$1.in" >"$dir/$1.out" 2>&1 &
    eval "exec {$1}>\"$dir/$1.in\""
}
say() { # NAME SQL
    local mark answer
    mark="done-$RANDOM$RANDOM"
    echo "$1=> $2"
    : >"$dir/$1.out"
    echo "$2 \\echo $mark" >&"${!1}"
    until grep -q "$mark" "$dir/$1.out"; do sleep 0.01; done
    answer=$(tr -d '\000' <"$dir/$1.out" | grep -v "$mark" || true)
    if [ -n "$answer" ]; then echo "${answer//$'\n'/ }" | sed 's/^/    /'; elif [[ $2 == *[Ss]elect* ]]; then echo "    (no rows)"; fi
}

psql -X -q -c 'create table outbox (id bigserial primary key, what text, xid xid8 default pg_current_xact_id())'
psql -X -A -t -c 'show server_version' | sed 's/^/-- PostgreSQL /'
session t1; session t2; session poller
echo "-- The poller remembers the last id that it has sent."
say t1 "begin;"
say t1 "insert into outbox (what) values ('Ada completed lesson 1') returning id;"
say t2 "insert into outbox (what) values ('Ben completed lesson 5') returning id;"
say poller "select id, what from outbox where id > 0 order by id;"
say t1 "commit;"
say poller "select id, what from outbox where id > 2 order by id;"
say poller "select count(*) from outbox where id <= 2;"
echo "-- The same with a horizon: only rows of transactions that are older than every one that still runs."
psql -X -q -c 'truncate outbox restart identity'
horizon="xid < pg_snapshot_xmin(pg_current_snapshot())"
say t1 "begin;"
say t1 "insert into outbox (what) values ('Ada completed lesson 1') returning id;"
say t2 "insert into outbox (what) values ('Ben completed lesson 5') returning id;"
say poller "select id, what from outbox where $horizon order by id;"
say t1 "commit;"
say poller "select id, what from outbox where $horizon order by id;"
