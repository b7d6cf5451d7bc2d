// `serval/spi`: the seams, for your own engine, transport or host. Applications import from 'serval'.
export { HeaderMap } from '@serval/protocol';

export type { InboundRule, SendCallback, Transport, TransportListener } from '@serval/api/spi';
export type { AcceptedConnection, AcceptedStream, AcceptedUpgrade, Engine, HeaderLine } from '@serval/protocol';
export type { UpgradeReply, UpgradeRequest } from '@serval/server';
