# Becomes a command, and leaves somebody behind who stops it when standard input ends: that is when whoever started this
# closes the pipe or is gone, however it went.
#
# usage: supervise.sh SIGNAL TENTHS DIRECTORY COMMAND [ARGUMENT ...]
#
# The command gets SIGNAL until it ends, KILL after so many tenths of a second; then what it left behind in its process group,
# whose leader it is, gets TERM, and DIRECTORY is removed. The number of the process cannot pass to another
# one before that: it is the number of the group, too, and the group lasts as long as somebody is in it.

signal=$1 tenths=$2 directory=$3
shift 3

watch() {
    trap '' TERM
    read -r _ # nothing is ever sent
    while [ "$tenths" -gt 0 ] && kill -s "$signal" $$; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
    kill -s KILL $$
    kill -s TERM 0
    rm -rf -- "$directory"
}

exec 3<&0 </dev/null
# in a shell within a shell, so that the command does not get a child that it knows nothing of
(watch <&3 3<&- >/dev/null 2>&1 &)
exec "$@" 3<&-
