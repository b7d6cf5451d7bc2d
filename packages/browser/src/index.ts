export { json } from './json';
export { connect } from './web-socket-client';
export { streamSocket } from './stream-socket';

export { ReplyException } from '@serval/api';

export type { Codec, CodecOptions, RequestOptions } from '@serval/api';
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
  Requests,
  SafePromise,
  Sent,
  ServerUri,
  Session,
  TypedClient,
  TypedConnectOptions,
  TypedSession,
} from './types';
