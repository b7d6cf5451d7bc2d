// The collection over WebSocket: changes go out and come in on one connection.
import { Board } from './board.js';

const RETRY_MS = 2000;

let socket;
const board = new Board((change) => {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(change));
});
connect();

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/sample-shared-collection/ws/collection`);
  socket.addEventListener('open', () => board.showState('Connected', true));
  socket.addEventListener('message', ({ data }) => board.receive(JSON.parse(data)));
  socket.addEventListener('close', () => {
    board.showState('Connection lost, trying again…', false);
    setTimeout(connect, RETRY_MS);
  });
}
