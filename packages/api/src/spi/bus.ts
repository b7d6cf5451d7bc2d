/**
 * The seam between containers that serve one application: the nodes of a cluster, in one process or in many. Selections
 * (`container.to`) stand on it, so that they reach the sessions of every node.
 *
 * A bus carries bytes and has no part in sessions. Its channels are names that Serval's features choose, of 1 to 256
 * printable ASCII characters without spaces; an engine with stricter rules escapes them. An implementation keeps these
 * promises, which `busContract` of `serval/testing` checks:
 *
 * 1. A message reaches the subscribers of its channel at every other node, and never those of the node that published it,
 *    which has delivered locally already.
 * 2. A subscriber gets each message at most once, and the messages of one node on one channel in the order in which they
 *    were published. A message that arrives late or again is left out; {@link BusOrder} does that.
 * 3. A message may be lost. A gap is reported to `onLoss`.
 * 4. The bus calls subscribers and watchers from the event loop, one after the other, and never from inside one of its
 *    methods. They must not throw.
 * 5. The queue for an engine that is away has a limit. At the limit, `publish` rejects.
 *
 * The application creates a bus, passes it to its containers, and closes it when they have stopped. An engine that cannot
 * be reached, refuses, or is too old is an error of the creation, with the remedy.
 */
export interface Bus {
  /** The name of this node: unique among all nodes that were ever on the bus, such as 16 random hexadecimal digits. */
  readonly node: string;

  /**
   * Whether no other node can ever take part. Callers then neither encode nor publish anything. False where other nodes
   * may come, even while there is none.
   */
  readonly isAlone: boolean;

  /**
   * Publishes a message to the other nodes. The bytes must not change afterwards.
   *
   * @returns a promise that resolves once the engine has accepted the message, or undefined if it already has. It rejects
   * with an IOException when the message is lost, and with nothing else
   */
  publish(channel: string, message: Uint8Array): Promise<void> | undefined;

  /** Delivers the messages and requests of a channel. Several subscribers of one channel each get all messages. */
  subscribe(channel: string, subscriber: BusSubscriber): BusSubscription;

  /**
   * Asks the subscribers of a channel at all other nodes, and collects their answers. A node without such a subscriber
   * counts as missing, at once.
   *
   * @returns the answers, once every known node has answered, failed or left, or the time is over. It rejects with an
   * IOException when the engine does not take the request
   */
  request(channel: string, message: Uint8Array, options: BusRequestOptions): Promise<BusAnswers>;

  /**
   * Tells of other nodes: of each one that is there already, and of each that comes or leaves from now on. A node that dies
   * has left after 10 seconds at most.
   */
  watchNodes(watcher: BusNodeWatcher): BusSubscription;

  /** Streams that keep messages, if the engine has them. */
  readonly streams?: BusStreams | undefined;
}

/** Receives what other nodes publish on one channel. */
export interface BusSubscriber {
  /**
   * @param message belongs to the subscriber
   * @param from the node that published it
   */
  onMessage(message: Uint8Array, from: string): void;
  /** Answers a request of another node. A rejection, and a subscriber without this method, is no answer. */
  onRequest?(message: Uint8Array, from: string): Promise<Uint8Array>;
  /** So many messages of a node were lost before the one that follows. */
  onLoss?(from: string, messages: number): void;
}

/** A subscription, until it is closed. */
export interface BusSubscription {
  /**
   * Resolves once everything that other nodes publish from now on arrives. Rejects with an IOException if the engine
   * refuses.
   */
  readonly ready: Promise<void>;
  /** Ends it. Nothing arrives after the call. */
  close(): void;
}

export interface BusRequestOptions {
  /** How long to wait for answers, in milliseconds. */
  readonly timeoutMs: number;
}

/** The outcome of a request. */
export interface BusAnswers {
  /** By node. */
  readonly answers: ReadonlyMap<string, Uint8Array>;
  /** The nodes that gave no answer. */
  readonly missing: readonly string[];
}

/** Learns of the other nodes. */
export interface BusNodeWatcher {
  onJoined(node: string): void;
  /** The node left, died, or cannot be reached. It may join again under the same name after a network failure. */
  onLeft(node: string): void;
}

/** Streams: lists of messages that the engine keeps, for readers that come later. */
export interface BusStreams {
  /**
   * Appends a message to a stream, which begins with its first message.
   *
   * @returns its position. It rejects with an IOException if the engine does not take the message
   */
  append(stream: string, message: Uint8Array, retention: BusRetention): Promise<BusPosition>;

  /**
   * Reads the messages behind a position, the oldest first.
   *
   * @param after undefined for all that are kept
   * @param limit the most entries to return
   */
  read(stream: string, after: BusPosition | undefined, limit: number): Promise<BusHistory>;
}

/** The messages that a stream keeps. The engine may keep somewhat more. */
export interface BusRetention {
  readonly maxEntries: number;
  readonly maxAgeMs: number;
}

/** A place in a stream. */
export interface BusPosition {
  /** Changes when the stream lost its entries, such as by a restart of the engine: offsets of another epoch mean nothing. */
  readonly epoch: string;
  /** Grows by 1 with each message; 0 is the place before the first one. */
  readonly offset: number;
}

/** A part of a stream. */
export interface BusHistory {
  readonly entries: readonly { readonly offset: number; readonly message: Uint8Array }[];
  /** The position of the newest message in the stream. */
  readonly newest: BusPosition;
  /** False if messages between `after` and the first entry are lost: they were removed, or the epoch is another one. */
  readonly isComplete: boolean;
}
