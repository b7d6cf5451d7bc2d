import {
  Char,
  IllegalArgumentException,
  IllegalStateException,
  type AbstractClass,
  type MessageHandler,
  type PrimitiveType,
} from '@serval/api';
import { describeValue, ownClass } from '@serval/api/spi';
import {
  isProgrammatic,
  NO_DECODER,
  planPayload,
  typeName,
  type EndpointPlan,
  type MessageRoute,
  type NativeType,
} from '@serval/plan';

const UNHURRIED = new WeakSet<object>();

/**
 * Marks a message handler whose promise waits for a reader, such as a loop over the messages: it may take as long as that
 * takes, and `handlerTimeout` and the close timeout do not apply to it.
 */
export function unhurried<H extends (...args: never[]) => unknown>(handler: H): H {
  UNHURRIED.add(handler);
  return handler;
}

const BY_TYPE = new WeakMap<object, ReadonlyMap<NativeType, MessageRoute>>();

/** Marks a message handler whose methods receive the messages by type. */
export function byType<H extends object>(handler: H, routes: ReadonlyMap<NativeType, MessageRoute>): H {
  BY_TYPE.set(handler, routes);
  return handler;
}

/** The message handlers that one session has registered: at most one per native type (WSC-2.1.3). */
export class HandlerTable {
  readonly #routes = new Map<NativeType, { readonly handler: MessageHandler; readonly route: MessageRoute }>();

  constructor(private readonly plan: EndpointPlan) {}

  routeOf(native: NativeType): MessageRoute | undefined {
    return this.#routes.get(native)?.route;
  }

  handlers(): MessageHandler[] {
    return [...this.#routes.values()].map(({ handler }) => handler);
  }

  /**
   * @throws IllegalArgumentException for something that is no handler
   * @throws IllegalStateException when a native type of it is taken, or no decoder makes the class
   */
  add(type: PrimitiveType | AbstractClass<unknown>, handler: MessageHandler | undefined): void {
    const receiver = asReceiver(handler);
    requireType(type);
    const plans = planPayload(ownClass(type) as typeof type, this.plan.codecs);
    if (plans === NO_DECODER) {
      throw new IllegalStateException(
        `addMessageHandler: no decoder of ${this.plan.name} makes a ${typeName(type)}; add one to its decoders.`,
      );
    }
    // A second parameter marks a partial handler; a generic type says nothing at run time.
    const inParts = receiver.onMessage.length > 1;
    for (const { native, divisible } of plans) {
      if (this.plan[native] !== undefined || this.#routes.has(native)) {
        const remedy = isProgrammatic(this.plan.endpointClass)
          ? 'Remove the first one'
          : 'Remove the @OnMessage method or the handler';
        throw new IllegalStateException(
          `addMessageHandler: the session has a handler for ${native} messages already. ${remedy} (WSC-2.1.3).`,
        );
      }
      if (inParts && !divisible) {
        throw new IllegalStateException(
          `addMessageHandler: a ${typeName(type)} cannot be received in parts; declare one parameter only.`,
        );
      }
    }
    const typed = BY_TYPE.get(handler as object);
    for (const { native, decoding } of plans) {
      const route: MessageRoute = {
        ...typed?.get(native),
        native,
        decoding,
        inParts,
        maxMessageSize: -1,
        receiver,
        method: 'onMessage',
        bind: inParts ? (_session, payload, last) => [payload, last] : (_session, payload) => [payload],
        replies: false,
        isUnhurried: UNHURRIED.has(handler as object),
      };
      // asReceiver has checked that it is one.
      this.#routes.set(native, { handler: handler as MessageHandler, route });
    }
  }

  remove(handler: MessageHandler): boolean {
    let removed = false;
    for (const [native, entry] of this.#routes) {
      if (entry.handler === handler) removed = this.#routes.delete(native);
    }
    return removed;
  }
}

function asReceiver(handler: unknown): { onMessage: (...args: unknown[]) => unknown } {
  if (typeof handler === 'function') return { onMessage: handler as (...args: unknown[]) => unknown };
  if (
    typeof handler === 'object' &&
    handler !== null &&
    'onMessage' in handler &&
    typeof handler.onMessage === 'function'
  ) {
    return handler as { onMessage: (...args: unknown[]) => unknown };
  }
  throw new IllegalArgumentException(
    `addMessageHandler takes a MessageHandler or a function; found ${describeValue(handler)}.`,
  );
}

/** A class, a marker such as Char, or a decoder class; what it means is found out elsewhere. */
function requireType(type: unknown): void {
  if (typeof type === 'function' || type === Char) return;
  throw new IllegalArgumentException(
    `addMessageHandler takes the class of the messages first, such as String or Buffer; found ${describeValue(type)}. ` +
      'After a circular import a class is undefined: move it to its own module.',
  );
}
