export { connect } from './web-socket-client';
export { streamSocket } from './stream-socket';

export type { ClientError } from './outcomes';
export type { PageSocket } from './page';
export type {
  CloseReason,
  CodecClass,
  WebSocketClient,
  WebSocketClientState,
  ConnectOptions,
  MessageCodec,
  OpenInfo,
  OutgoingMessage,
  PageCodec,
  ReceivedMessage,
  ReconnectAttempt,
  ReconnectOptions,
  SafePromise,
  ServerUri,
  Session,
} from './types';
