import type { Interceptor } from '@serval/api';
import type { Binder } from './argument-binder';
import type { DecoderEntry } from './codec-plan';
import type { Decoding, NativeType } from './payload-plan';

/** One method of an endpoint, ready to be called. */
export interface MethodPlan {
  readonly method: string | symbol;
  readonly bind: Binder;
  /** Those of the container, the endpoint and the method, in this order; undefined if the method has none itself. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/** The methods for the types of messages, by the value of the discriminator. */
export interface MessagesByType {
  /** The first decoder of the route. */
  readonly decoder: DecoderEntry;
  readonly methods: ReadonlyMap<unknown, MethodPlan>;
  /** The method for all other types. */
  readonly fallback: MethodPlan | undefined;
}

/** The way of one native type's messages to the user's code. */
export interface MessageRoute extends MethodPlan {
  readonly native: NativeType;
  readonly decoding: Decoding;
  readonly inParts: boolean;
  /** Bytes of a whole message; -1 for the session's own limit. */
  readonly maxMessageSize: number;
  /** The object that has the method; undefined for the session's endpoint instance. */
  readonly receiver: object | undefined;
  /** Whether the session sends what the method returns: true for annotated methods, false for registered handlers. */
  readonly replies: boolean;
  /** Set if methods for types of messages share the native type: they and their fallback have the roles. */
  readonly byType?: MessagesByType | undefined;
  /** Whether its promise waits for a reader, such as the loop over a connection. No time limit applies to it then. */
  readonly isUnhurried?: boolean;
}

/** Whether the first part starts the handler, which reads the rest itself. */
export function isStreaming(route: MessageRoute): boolean {
  return route.decoding.kind === 'stream' || route.decoding.kind === 'stream-decoder';
}
