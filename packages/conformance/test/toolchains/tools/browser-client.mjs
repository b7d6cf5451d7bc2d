// serval/browser, over the WebSocket of the runtime of this file: talks to the echo at the URL given, and reconnects once.
// Arguments: the URL, and the file of the client.
const [url, file] = process.argv.slice(2);
const { connect } = await import(file);

const opened = [];
const client = await connect(url, {
  reconnect: { initialDelay: 100, maxDelay: 100 },
  onOpen: (_session, { attempt }) => opened.push(attempt),
});
await client.send('hello');
await client.send(new Uint8Array(70_000).fill(7));
for await (const message of client) {
  if (typeof message !== 'string') {
    console.log(
      message.constructor.name,
      message.length,
      message.every((byte) => byte === 7),
    );
    await client.send('restart');
    while (opened.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await client.send('again');
  } else {
    console.log(message);
    if (message === 'again') break;
  }
}
const { code } = await client.closed;
console.log(opened.join(), code, client.state);
