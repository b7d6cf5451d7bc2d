export { converse } from './conversation';
export { clientFrame, LiteralSocket } from './literal-socket';
export { createTransportPair, MemoryTransport } from './memory-transport';
export { RecordingListener } from './recording-listener';
export { transportContract } from './transport-contract';

export type { Conversation, ConversationOptions } from './conversation';
export type { Literal, ResponseHead } from './literal-socket';
export type { RecordedEvent } from './recording-listener';
export type { ContractCase, ContractPeer, OpenConnection } from './transport-contract';
