#!/usr/bin/env bash
# A quiet Mosquitto sends a WebSocket subscriber 40 kB a second
#
# Versions   mosquitto 2.0.11 with libwebsockets 4.1.6, both of Debian 12
# Expected   A subscriber receives a published message as fast over WebSocket as over TCP.
# Instead    A WebSocket subscriber receives a slice of 4,116 bytes, and the next one follows with the next round of the
#            broker's loop, which waits up to 100 ms. Events of other connections shorten the wait. Output for a message
#            of 100,000 bytes:
#
#              over TCP        under 0.5 s
#              over WebSocket  over 2 s
#
#            In a longer run 400,000 bytes took 9.9 s.
# Matters    A picture or a large retained state arrives seconds late, and later messages wait behind it. The fault
#            disappears under load, so a test with many clients misses it.
# Method     Raw sockets subscribe, so no client library takes part: first over TCP, then over WebSocket. A publisher over
#            TCP sends one message with QoS 0.
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

read -r tcp web < <(node -e "
const { createServer } = require('node:net');
const servers = [createServer(), createServer()].map((server) => server.listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(...servers.map((server) => server.address().port));
  servers.forEach((server) => server.close());
}, 100);")
cat >mosquitto.conf <<CONF
allow_anonymous true
listener $tcp 127.0.0.1
listener $web 127.0.0.1
protocol websockets
socket_domain ipv4
CONF
LD_LIBRARY_PATH=$libraries root/usr/sbin/mosquitto -c mosquitto.conf >broker.log 2>&1 &
broker=$!

cat >slices.cjs <<'JS'
const net = require('node:net');
const [tcp, web] = process.argv.slice(2).map(Number);

const remaining = (length) => (length < 128 ? [length] : [(length & 127) | 128, ...remaining(length >> 7)]);
const packet = (first, ...parts) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([first, ...remaining(body.length)]), body]);
};
const text = (value) => [0, value.length, ...Buffer.from(value)];
const connectPacket = (id) => packet(0x10, text('MQTT'), [4, 2, 0, 60], text(id));
const subscribePacket = packet(0x82, [0, 1], text('t'), [0]);
const publishPacket = (size) => packet(0x30, text('t'), Buffer.alloc(size, 1));
const PINGREQ = Buffer.from([0xc0, 0]);
// Short frames of a client, masked with zeros.
const frame = (bytes) => Buffer.concat([Buffer.from([0x82, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** A socket that counts its bytes. */
const open = (port, tries = 100) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(peer));
    const peer = {
      bytes: 0,
      send: (data) => socket.write(data),
      end: () => socket.destroy(),
      /** Until this many bytes have arrived since the last call. */
      async receive(bytes) {
        const limit = Date.now() + 30_000;
        while (peer.bytes < bytes) {
          if (Date.now() > limit) throw new Error(`found ${peer.bytes} bytes; expected ${bytes}`);
          await new Promise((next) => setTimeout(next, 5));
        }
        peer.bytes = 0;
      },
    };
    socket.on('data', (data) => (peer.bytes += data.length));
    socket.on('error', (error) => (tries > 0 ? setTimeout(() => open(port, tries - 1).then(resolve, reject), 100) : reject(error)));
  });

(async () => {
  const publisher = await open(tcp);
  publisher.send(connectPacket('publisher'));
  await publisher.receive(4);
  const message = publishPacket(100_000);
  const publish = async (subscriber, header) => {
    const start = Date.now();
    publisher.send(message);
    while (subscriber.bytes < message.length + header && Date.now() - start < 30_000) await new Promise((next) => setTimeout(next, 5));
    return Date.now() - start;
  };

  const plain = await open(tcp);
  plain.send(connectPacket('plain'));
  await plain.receive(4);
  plain.send(subscribePacket);
  await plain.receive(5);
  const overTcp = await publish(plain, 0);
  plain.end();

  const page = await open(web);
  page.send(UPGRADE);
  await page.receive(1);
  await new Promise((next) => setTimeout(next, 300));
  page.bytes = 0;
  page.send(frame(connectPacket('page')));
  await page.receive(6);
  page.send(frame(subscribePacket));
  await page.receive(7);
  // A frame of this size has a header of 10 bytes.
  const overWeb = await publish(page, 10);

  console.log(`over TCP        ${overTcp < 500 ? 'under' : 'over'} 0.5 s`);
  console.log(`over WebSocket  ${overWeb < 2000 ? 'under' : 'over'} 2 s`);
  process.exit();
})().catch((error) => {
  console.log(error.message);
  process.exit(2);
});
JS
timeout 60 node slices.cjs "$tcp" "$web" | tee output
diff - output <<'EXPECTED'
over TCP        under 0.5 s
over WebSocket  over 2 s
EXPECTED
