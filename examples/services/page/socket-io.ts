import { io, type Socket } from 'socket.io-client';
import type { View } from './view';

export function open(url: string, { online, away, show }: View): Socket {
  const socket = io(url);
  socket.on('connect', online);
  socket.on('disconnect', away);
  socket.on('message', show);
  return socket;
}
