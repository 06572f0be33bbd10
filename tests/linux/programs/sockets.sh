#!/bin/bash
# Programs that meet at names of sockets: netcat, D-Bus' daemon, tmux and its server.
. "${0%/*}/common-debian.sh"

# Sockets' names are shorter than the folder's may be.
short=$(mktemp -d /tmp/s-XXXXXX)
cd "$short" || exit 98
trap 'rm -rf "$short"' EXIT

wait_for() {
	for _ in $(seq 200); do
		[ "$1" "$2" ] && return 0
		sleep 0.05
	done
	return 1
}

try 'nc -lU one > got & wait_for -S one; echo over a socket | nc -NU one; wait; cat got'
try 'stat -c "%F %a" one; [ -S one ] && echo socket; nc -NU one < /dev/null; rm one; nc -NU one < /dev/null'
try 'nc -lU two < /etc/passwd > /dev/null & wait_for -S two; nc -NU two < /dev/null | cmp - /etc/passwd; wait; rm two'
try 'nc -luU three > got & wait_for -S three; echo datagram | nc -uU -w1 -s mine three; kill $!; wait $!; cat got; rm -f three mine'
try 'nc -lU four > got & wait_for -S four; grep -c "$short/four\$\| four\$" /proc/net/unix; seq 100000 | nc -NU four; wait; md5sum < got'

dbus_send() {
	dbus-send --bus="unix:path=$short/bus" --print-reply=literal --dest=org.freedesktop.DBus / "org.freedesktop.DBus.$@"
}
try 'dbus-daemon --session --address="unix:path=$short/bus" --print-pid=5 --fork 5> pid; wait_for -s pid; wait_for -S bus'
try 'dbus_send ListNames | sed "s/:1\.[0-9]*/ME/"'
try 'dbus_send GetConnectionUnixUser string:org.freedesktop.DBus; id -u'
try 'dbus_send NameHasOwner string:no.such.name; dbus_send NoSuchCall | sed "s/.*Error/Error/"'
try 'kill "$(cat pid)"; while kill -0 "$(cat pid)" 2> /dev/null; do sleep 0.05; done; dbus_send ListNames > /dev/null 2>&1'

export TERM=xterm
try 'tmux -f /dev/null -S "$short/tmux" new-session -d -s first "echo inside > made; exec sleep 100"; wait_for -s made; cat made'
try 'tmux -S "$short/tmux" new-window -d -t first -n second "cat > typed"; tmux -S "$short/tmux" list-windows -t first -F "#{window_name}" | tail -1'
try 'tmux -S "$short/tmux" send-keys -t first:second "some text" Enter; wait_for -s typed; cat typed'
try 'tmux -S "$short/tmux" has-session -t none; tmux -S "$short/tmux" kill-server'
