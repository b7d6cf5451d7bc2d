export { busContract } from './bus-contract';
export { converse } from './conversation';
export { clientFrame, LiteralSocket } from './literal-socket';
export { MemoryBus } from './memory-bus';
export { MemoryBusEngine } from './memory-bus-engine';
export { createTransportPair, MemoryTransport } from './memory-transport';
export { Peer } from './peer';
export { RecordingListener } from './recording-listener';
export { HandshakeRefused, TestServer } from './test-server';
export { transportContract } from './transport-contract';

export type { BusContractCase, BusNodes, OpenBus } from './bus-contract';
export type { BusFaults } from './memory-bus-engine';
export type { Conversation, ConversationOptions } from './conversation';
export type { Literal, ResponseHead } from './literal-socket';
export type { RecordedEvent } from './recording-listener';
export type { ConnectOptions, TestServerOptions } from './test-server';
export type { Capability, ContractCase, ContractPeer, OpenConnection } from './contract-case';
