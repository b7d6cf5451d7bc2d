export { AdoptedWebSocket } from './adopted-web-socket';
export { createClientEngine } from './client-engine';
export { acceptValue, formatExtensions, isValidKey, parseExtensions, parseSubprotocols } from './handshake-headers';
export { HeaderMap } from './header-map';
export { ENGINE_OPTIONS, PER_MESSAGE_DEFLATE_OPTIONS } from './engine-options';
export { createNativeEngine } from './native-engine';
export { trySharedReads } from './shared-reads-trial';
export { tolerateErrors, tolerateNoErrors } from './sockets';
export { createWsEngine } from './ws-engine';
export { WsTransport } from './ws-transport';

export type { AnsweredHandshake, ClientEngine } from './client-engine';
export type { EngineOptions, PerMessageDeflateOptions } from './engine-options';
export type { AcceptedConnection, AcceptedStream, AcceptedUpgrade, Engine, HeaderLine } from './engine';
export type { WsConnectionFacts } from './ws-transport';
