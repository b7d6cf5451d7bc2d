import { WebSocket } from 'partysocket';
import type { View } from './view';

export function open(url: string, { online, away, show }: View): WebSocket {
  const socket = new WebSocket(url);
  socket.addEventListener('open', online);
  socket.addEventListener('close', away);
  socket.addEventListener('message', ({ data }) => show(String(data)));
  return socket;
}
