// The WebSocket that comes with the runtime of this file talks to the echo at the URL given, and closes with 4000.
const [url] = process.argv.slice(2);
const socket = new globalThis.WebSocket(url, 'echo');
// Over HTTP/2 the socket of Node 26.10 does not keep its process alive.
const limit = setTimeout(() => console.log('silence'), 20_000);

socket.binaryType = 'arraybuffer';
socket.onopen = () => {
  socket.send('hello');
  socket.send(new Uint8Array(70_000).fill(7));
};
socket.onmessage = ({ data }) => {
  if (typeof data === 'string') return console.log(data);
  console.log(
    data.byteLength,
    new Uint8Array(data).every((byte) => byte === 7),
  );
  socket.close(4000, 'bye');
};
socket.onclose = ({ code, reason, wasClean }) => {
  clearTimeout(limit);
  console.log(socket.protocol, code, reason, wasClean);
};
