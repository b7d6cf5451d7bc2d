#!/usr/bin/env bash
# Mosquitto does not start with WebSocket listeners only
#
# Versions   mosquitto 2.0.11 with libwebsockets 4.1.6, both of Debian 12
# Expected   A broker for pages needs one listener, with `protocol websockets`.
# Instead    The broker listens on its port, counts only its plain listeners, finds none and exits. Output:
#
#              websockets only         exit 1: Error: Unable to start any listening sockets, exiting.
#              and a Unix socket       running
#              and a port for MQTT     running
#
# Matters    The message blames the port or its permissions, and both are fine. A plain listener on a Unix socket that no
#            client uses is the smallest remedy.
# Method     The broker starts with three configurations and gets three seconds to exit.
# Seen       2026-11-30
set -euo pipefail

folder=$(mktemp -d)
broker=
cleanup() {
  [ -z "$broker" ] || kill -TERM "$broker" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

# Unpack only: an installed package would start its service. apt's own user must be able to write here.
chmod 777 "$folder"
cd "$folder"
apt-get download -qq mosquitto=2.0.11-1.2+deb12u2 libwebsockets17=4.1.6-3 libmosquitto1 libdlt2 libev4 libuv1 libcap2 >apt.log 2>&1 || { cat apt.log; exit 2; }
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(find "$folder/root" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd:)

free_port() {
  node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => (console.log(s.address().port), s.close()))"
}

# title, lines of a plain listener
run() {
  printf '%s\n' 'allow_anonymous true' "listener $(free_port) 127.0.0.1" 'protocol websockets' 'socket_domain ipv4' "$2" >mosquitto.conf
  LD_LIBRARY_PATH=$libraries root/usr/sbin/mosquitto -c mosquitto.conf >broker.log 2>&1 &
  broker=$!
  for _ in $(seq 30); do kill -0 "$broker" 2>/dev/null && sleep 0.1 || break; done
  if kill -0 "$broker" 2>/dev/null; then
    printf '%-23s running\n' "$1"
    kill -TERM "$broker"
    wait "$broker" || true
  else
    code=0
    wait "$broker" || code=$?
    printf '%-23s exit %s: %s\n' "$1" "$code" "$(tail -1 broker.log | sed 's/^[0-9]*: //')"
  fi
  broker=
}
{
  run 'websockets only' ''
  run 'and a Unix socket' "listener 0 $folder/plain.sock"
  run 'and a port for MQTT' "listener $(free_port) 127.0.0.1"
} | tee output
diff - output <<'EXPECTED'
websockets only         exit 1: Error: Unable to start any listening sockets, exiting.
and a Unix socket       running
and a port for MQTT     running
EXPECTED
