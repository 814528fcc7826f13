# Outlives xtask, however that ends, and stops what it started. Reads one instruction per line; the end of the input
# means that xtask is gone (it finished, panicked, was interrupted or killed).
#   group PID     a process group is running
#   done          it has ended: whatever it left behind is killed
#   redis DIR     a directory to remove at the end; DIR/redis.pid may name a running Redis
#   pgbouncer DIR   the same; DIR/pgbouncer.pid may name a running pgbouncer
#   cluster DIR   a directory to remove at the end; DIR/data may hold a running PostgreSQL
trap '' HUP INT TERM
group=
cluster=
redis=
pgbouncer=
while read -r word value; do
    case $word in
    group) group=$value ;;
    done)
        [ -z "$group" ] || kill -s KILL -- "-$group" 2>/dev/null
        group=
        ;;
    cluster) cluster=$value ;;
    redis) redis=$value ;;
    pgbouncer) pgbouncer=$value ;;
    esac
done
if [ -n "$group" ] && kill -s TERM -- "-$group" 2>/dev/null; then
    sleep 1
    kill -s KILL -- "-$group" 2>/dev/null
fi
# A server that keeps nothing: its process id stands in the file $2 of the directory $1.
end() {
    [ -n "$1" ] || return 0
    if { read -r pid <"$1/$2"; } 2>/dev/null; then
        kill -s KILL "$pid" 2>/dev/null
        tries=0
        while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
    fi
    rm -rf "$1"
}
end "$pgbouncer" pgbouncer.pid
end "$redis" redis.pid
[ -n "$cluster" ] || exit 0
pid_file=$cluster/data/postmaster.pid
if { read -r pid <"$pid_file"; } 2>/dev/null; then
    # An immediate shutdown: nothing of this cluster is wanted any more.
    kill -s QUIT "$pid" 2>/dev/null
    tries=0
    while [ -e "$pid_file" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    [ "$tries" -lt 100 ] || kill -s KILL "$pid" 2>/dev/null
fi
rm -rf "$cluster"
