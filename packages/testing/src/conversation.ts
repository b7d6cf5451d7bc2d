import type {
  DecoderClass,
  EncoderClass,
  EndpointClass,
  EndpointConfig,
  InboundMode,
  WebSocketContainer,
} from '@serval/api';
import { ServerEndpointConfig } from '@serval/api';
import { ContainerContext, openSession, SessionCodecs, type ContainerOptions, type WsSession } from '@serval/container';
import { planEndpoint, type EndpointPlan } from '@serval/plan';
import { createTransportPair, type MemoryTransport } from './memory-transport';
import { RecordingListener } from './recording-listener';

/** The options of a conversation; everything has a default. */
export interface ConversationOptions extends ContainerOptions {
  readonly encoders?: readonly EncoderClass[] | undefined;
  readonly decoders?: readonly DecoderClass[] | undefined;
  readonly pathParameters?: Readonly<Record<string, string>> | undefined;
  readonly inbound?: InboundMode | undefined;
  /** The endpoint instance. Default: a new instance of the class. */
  readonly instance?: object | undefined;
  /** An earlier conversation whose container context and plan this session shares, as a second peer. */
  readonly joining?: Conversation | undefined;
}

/** An endpoint and a peer that communicate without a port. */
export interface Conversation {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly session: WsSession;
  readonly endpoint: object;
  /** Sends as the peer. */
  readonly peer: MemoryTransport;
  /** The messages that the peer received. */
  readonly received: RecordingListener;
  /** Resolves once `@OnOpen` has settled: to the error that it threw, or to undefined. */
  readonly opened: Promise<Error | undefined>;
}

/** Opens a session of an endpoint class over a pair of transports in memory. */
export function converse(endpointClass: EndpointClass, options: ConversationOptions = {}): Conversation {
  const { encoders = [], decoders = [], inbound = 'serial', joining } = options;
  // A session only returns its container. Tests of a server use a real one.
  const container = {} as WebSocketContainer;
  const context = joining?.context ?? new ContainerContext(container, options, []);
  const plan = joining?.plan ?? planEndpoint({ endpointClass, encoders, decoders, inbound });
  const endpoint = options.instance ?? new endpointClass();
  const endpointConfig: EndpointConfig = ServerEndpointConfig.Builder.create(endpointClass, '/')
    .encoders(encoders)
    .decoders(decoders)
    .configurator(new ServerEndpointConfig.Configurator())
    .build();
  const codecs = SessionCodecs.create(plan.codecs, endpointConfig);
  if (!(codecs instanceof SessionCodecs)) throw new Error('A conversation needs codecs that initialise at once.');
  const [transport, peer] = createTransportPair();
  const received = new RecordingListener();
  peer.open(received);
  peer.resume();
  const { session, opened } = openSession({
    context,
    plan,
    endpoint,
    endpointConfig,
    codecs,
    handshake: {
      requestUri: 'ws://localhost/',
      queryString: null,
      pathParameters: new Map(Object.entries(options.pathParameters ?? {})),
      subprotocol: '',
      userPrincipal: null,
    },
    userProperties: undefined,
    transport,
  });
  return { context, plan, session, endpoint, peer, received, opened };
}
