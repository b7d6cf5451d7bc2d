export { acceptValue, isValidKey, parseExtensions, parseSubprotocols } from './handshake-headers';
export { createNativeEngine } from './native-engine';
export { createWsEngine } from './ws-engine';
export { WsTransport } from './ws-transport';

export type { PerMessageDeflateOptions } from './compression';
export type { AcceptedUpgrade, Engine, EngineOptions } from './engine';
export type { WsConnectionFacts } from './ws-transport';
