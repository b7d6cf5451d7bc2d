import type { EventEmitter } from 'node:events';

/** A socket without a listener for errors would end the process with the first one. */
export function tolerateErrors(socket: EventEmitter): void {
  // One function for all sockets: a closure would keep the handshake alive as long as the session.
  socket.on('error', ignore);
}

/** Undoes {@link tolerateErrors}, for a socket that has another listener now. */
export function tolerateNoErrors(socket: EventEmitter): void {
  socket.off('error', ignore);
}

function ignore(): void {}
