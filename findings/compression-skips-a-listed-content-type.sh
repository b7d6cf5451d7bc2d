#!/usr/bin/env bash
# compression leaves a response uncompressed whose Content-Type was set as a list
#
# Versions   compression 1.8.2, Node.js 20.20.2
# Expected   Node.js accepts a list of one value for a header, and sends the same bytes as for a text. Programs that copy
#            headers from another response, or keep each header as a list, set all headers so.
# Instead    compression asks for the type by `getHeader`, gets the list back, and finds no type in it that compresses:
#
#              set as 'text/html'     the client gets text/html, gzip, 65 bytes
#              set as ['text/html']   the client gets text/html, no encoding, 10007 bytes
# Matters    A proxy or an adapter behind compression sends everything in full. Nothing fails, and the headers that the
#            client sees are the same. Set a header with one value as a text.
# Seen       2026-12-01
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund compression@1.8.2

cat >try.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const compress = require('compression')();

const page = `<p>${'word '.repeat(2000)}</p>`;

async function answerWith(type) {
  const server = http.createServer((request, response) => {
    compress(request, response, () => {
      response.setHeader('Content-Type', type);
      response.end(page);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = http.get({ port: server.address().port, headers: { 'Accept-Encoding': 'gzip' } });
  const [response] = await once(request, 'response');
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  server.close();
  const { 'content-type': seen, 'content-encoding': encoding = '-' } = response.headers;
  return `${seen} ${encoding} ${bytes > page.length / 2 ? 'in full' : 'compressed'}`;
}

(async () => {
  console.log(await answerWith('text/html'));
  console.log(await answerWith(['text/html']));
})();
JS

seen=$(timeout 30 node try.cjs)
echo "$seen"
[ "$seen" = $'text/html gzip compressed\ntext/html - in full' ]
