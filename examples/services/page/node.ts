import { connect, type WebSocketClient } from 'serval';
import type { View } from './view';

export function open(url: string, { online, away, show }: View): Promise<WebSocketClient> {
  return connect(url, { reconnect: true, onOpen: online, onClose: away, onText: show });
}
