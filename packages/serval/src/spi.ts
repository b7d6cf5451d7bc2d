// `serval/spi`: the seams, for your own engine, transport, host or bus. Applications import from 'serval'.
export { BusOrder } from '@serval/api/spi';
export { HeaderMap } from '@serval/protocol';

export type {
  Bus,
  BusAnswers,
  BusHistory,
  BusNodeWatcher,
  BusPosition,
  BusRequestOptions,
  BusRetention,
  BusStreams,
  BusSubscriber,
  BusSubscription,
  InboundRule,
  SendCallback,
  Transport,
  TransportListener,
} from '@serval/api/spi';
export type { AcceptedConnection, AcceptedStream, AcceptedUpgrade, Engine, HeaderLine } from '@serval/protocol';
export type { HandshakeReply, HostAnswer, UpgradeReply, UpgradeRequest } from '@serval/server';
