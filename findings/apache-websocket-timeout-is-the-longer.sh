#!/usr/bin/env bash
# The idle timeout of a WebSocket through Apache is the longer of two settings
#
# Versions   Apache httpd 2.4.71 of Debian 12 (apache2-bin), mod_proxy_http with upgrade=websocket
# Expected   `timeout=2` on ProxyPass limits the silence on a tunnel, as it limits the wait for an ordinary response.
# Instead    The tunnel waits for the longer of `timeout=` and the server's `Timeout`, which is 60 seconds by default.
#            Output for a WebSocket that is silent in both directions:
#
#              timeout=2             open after 8 s
#              timeout=2, Timeout 2  ended
#              timeout=2, Timeout 4  ended
#
# Matters    A short `timeout=` doesn't free the slots of dead clients, and a lower `Timeout` also affects every other
#            request. Use pings to find dead peers.
# Method     A backend answers 101 and sends nothing, and a client waits 8 seconds for the end of its connection.
set -euo pipefail

folder=$(mktemp -d)
chmod 755 "$folder"
pids=()
cleanup() {
  [ "${#pids[@]}" -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

# Unpack only: an installed package would start its service. apt's own user must be able to write here.
chmod 777 "$folder"
cd "$folder"
apt-get download -qq apache2-bin=2.4.71-1~deb12u1 libapr1 libaprutil1 libpcre2-8-0 >apt.log 2>&1 || { cat apt.log; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
modules=$(find "$folder/unpacked" -type d -path '*apache2/modules')
libraries=$(find "$folder/unpacked" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd:)

cat >peers.cjs <<'JS'
const net = require('node:net');
const [role, port] = process.argv.slice(2);

const ANSWER = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

if (role === 'backend') {
  const server = net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.write(ANSWER)));
  server.listen(0, '127.0.0.1', () => require('node:fs').writeFileSync('port', String(server.address().port)));
} else if (role === 'free') {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    console.log(server.address().port);
    server.close();
  });
} else {
  const end = (how) => (console.log(how), process.exit());
  const open = (tries) => {
    const socket = net.connect(Number(port), '127.0.0.1', () => socket.write(REQUEST));
    socket.once('error', () => (tries > 0 ? setTimeout(open, 100, tries - 1) : end('no connection')));
    socket.once('data', (head) => {
      if (!String(head).includes(' 101 ')) end(String(head).split('\r\n')[0]);
      setTimeout(end, 8000, 'open after 8 s');
      socket.once('close', () => end('ended'));
    });
  };
  open(100);
}
JS
node peers.cjs backend &
pids+=($!)
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done

failed=0
# title, directives, expected
run() {
  local port result pid
  port=$(node peers.cjs free)
  cat >httpd.conf <<CONF
ServerRoot $folder
ServerName localhost
DefaultRuntimeDir $folder
PidFile $folder/pid
ErrorLog $folder/log
User nobody
Group nogroup
$(for name in mpm_event authz_core proxy proxy_http; do echo "LoadModule ${name}_module $modules/mod_$name.so"; done)
Listen 127.0.0.1:$port
$2
ProxyPass "/" "http://127.0.0.1:$(cat port)/" upgrade=websocket timeout=2
CONF
  LD_LIBRARY_PATH=$libraries "$folder/unpacked/usr/sbin/apache2" -X -f "$folder/httpd.conf" &
  pid=$!
  pids+=("$pid")
  result=$(node peers.cjs client "$port")
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null || true
  printf '%-21s %s\n' "$1" "$result"
  [ "$result" = "$3" ] || failed=1
}
run 'timeout=2' '' 'open after 8 s'
run 'timeout=2, Timeout 2' 'Timeout 2' ended
run 'timeout=2, Timeout 4' 'Timeout 4' ended
exit "$failed"
