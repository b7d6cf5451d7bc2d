#!/usr/bin/env bash
# ws cannot reach a Unix domain socket whose path has a space
#
# Versions   ws 8.23.0
# Expected   `ws+unix:///tmp/a b.sock:/` connects to the socket "/tmp/a b.sock". A URL can't contain a space, so the
#            URL parser writes %20, and the file's path is the decoded text, as with fileURLToPath.
# Instead    ws uses the percent-encoded text as the path. Neither form connects; output:
#
#              plain.sock            open
#              with a space.sock     connect ENOENT $folder/with%20a%20space.sock
#              the same, encoded     connect ENOENT $folder/with%20a%20space.sock
#              with%20a%20space.sock, as a link open
#
# Matters    A URL can't reach sockets below a folder such as "Application Support" or a user's name with a space.
#            Use a link with a plain name, or `socketPath` in your own `createConnection`.
# Method     A node:http server with ws listens on each path, and a ws client opens the URL.
# Seen       2026-11-30
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >npm.log
npm install --no-audit --no-fund --save-exact ws@8.23.0 >>npm.log 2>&1 || { cat npm.log; exit 2; }

cat >paths.cjs <<'JS'
const http = require('node:http');
const { WebSocket, WebSocketServer } = require('ws');

const outcome = (url) =>
  new Promise((resolve) => {
    const client = new WebSocket(url);
    client.on('open', () => (resolve('open'), client.terminate()));
    client.on('error', (error) => resolve(error.message.replace(process.cwd(), '$folder')));
  });

(async () => {
  const servers = [];
  for (const name of ['plain.sock', 'with a space.sock']) {
    const server = http.createServer();
    new WebSocketServer({ server });
    await new Promise((resolve) => server.listen(`${process.cwd()}/${name}`, resolve));
    servers.push(server);
  }
  const base = `ws+unix://${process.cwd()}`;
  const rows = [
    ['plain.sock', `${base}/plain.sock:/`, 'open'],
    ['with a space.sock', `${base}/with a space.sock:/`, 'connect ENOENT $folder/with%20a%20space.sock'],
    ['the same, encoded', `${base}/with%20a%20space.sock:/`, 'connect ENOENT $folder/with%20a%20space.sock'],
  ];
  let failed = 0;
  const show = async ([title, url, expected]) => {
    const seen = await outcome(url);
    console.log(`${title.padEnd(21)} ${seen}`);
    if (seen !== expected) failed = 1;
  };
  for (const row of rows) await show(row);
  require('node:fs').symlinkSync('with a space.sock', 'with%20a%20space.sock');
  await show(['with%20a%20space.sock, as a link', `${base}/with%20a%20space.sock:/`, 'open']);
  process.exit(failed);
})();
JS
node paths.cjs
