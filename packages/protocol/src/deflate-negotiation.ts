import { createExtension, type Extension } from '@serval/api';

/** RFC 7692 7. */
export const PERMESSAGE_DEFLATE = 'permessage-deflate';

const LARGEST_WINDOW_BITS = 15;

/** How one side compresses. */
export interface DeflateDirection {
  /** Whether each message is compressed by itself (RFC 7692 7.1.1). */
  readonly noContextTakeover: boolean;
  /** The logarithm of the LZ77 window, 8 to 15 (RFC 7692 7.1.2). */
  readonly windowBits: number;
}

/** The agreement of both sides. */
export interface DeflateAgreement {
  /** The extension, as in the response. */
  readonly extension: Extension;
  readonly server: DeflateDirection;
  readonly client: DeflateDirection;
}

/** The wishes of one side; those of the other side come with its header. */
export type DeflateWishes = Pick<DeflateAgreement, 'server' | 'client'>;

/** The parameters of an offer or of an answer. */
interface Parameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverWindowBits: number | undefined;
  readonly clientWindowBits: number | 'any' | undefined;
}

/**
 * The server's part: answers the first offer that can be accepted.
 *
 * @returns undefined when there is none; the connection is then uncompressed
 * @see RFC 7692 5.1, 7.1
 */
export function acceptOffers(offers: readonly Extension[], wishes: DeflateWishes): DeflateAgreement | undefined {
  for (const offer of offers) {
    const parameters = offer.getName() === PERMESSAGE_DEFLATE ? readParameters(offer) : undefined;
    const agreement = parameters && acceptOffer(parameters, wishes);
    if (agreement !== undefined) return agreement;
  }
  return undefined;
}

function acceptOffer(offer: Parameters, wishes: DeflateWishes): DeflateAgreement | undefined {
  // Only a client that offers to limit its window can be limited (RFC 7692 7.1.2.2).
  if (offer.clientWindowBits === undefined && wishes.client.windowBits < LARGEST_WINDOW_BITS) return undefined;
  const offered = typeof offer.clientWindowBits === 'number' ? offer.clientWindowBits : LARGEST_WINDOW_BITS;
  const server: DeflateDirection = {
    noContextTakeover: offer.serverNoContextTakeover || wishes.server.noContextTakeover,
    windowBits: Math.min(offer.serverWindowBits ?? LARGEST_WINDOW_BITS, wishes.server.windowBits),
  };
  const client: DeflateDirection = {
    noContextTakeover: offer.clientNoContextTakeover || wishes.client.noContextTakeover,
    windowBits: Math.min(offered, wishes.client.windowBits),
  };
  const isBounded = offer.serverWindowBits !== undefined || server.windowBits < LARGEST_WINDOW_BITS;
  return {
    extension: formatParameters({
      serverNoContextTakeover: server.noContextTakeover,
      clientNoContextTakeover: client.noContextTakeover,
      serverWindowBits: isBounded ? server.windowBits : undefined,
      clientWindowBits: client.windowBits < LARGEST_WINDOW_BITS ? client.windowBits : undefined,
    }),
    server,
    client,
  };
}

/** The client's offer. */
export function offerDeflate(wishes: DeflateWishes): Extension {
  return formatParameters({
    serverNoContextTakeover: wishes.server.noContextTakeover,
    clientNoContextTakeover: wishes.client.noContextTakeover,
    serverWindowBits: wishes.server.windowBits < LARGEST_WINDOW_BITS ? wishes.server.windowBits : undefined,
    clientWindowBits: wishes.client.windowBits < LARGEST_WINDOW_BITS ? wishes.client.windowBits : 'any',
  });
}

/**
 * The client's part: reads the server's answer to {@link offerDeflate}.
 *
 * @returns undefined for an answer that the offer does not allow, at which the client fails the connection
 * @see RFC 7692 7.1
 */
export function readAnswer(answer: Extension, wishes: DeflateWishes): DeflateAgreement | undefined {
  const parameters = readParameters(answer);
  if (parameters === undefined || parameters.clientWindowBits === 'any') return undefined;
  const serverWindowBits = parameters.serverWindowBits ?? LARGEST_WINDOW_BITS;
  if (serverWindowBits > wishes.server.windowBits) return undefined;
  if (wishes.server.noContextTakeover && !parameters.serverNoContextTakeover) return undefined;
  const clientWindowBits = parameters.clientWindowBits ?? LARGEST_WINDOW_BITS;
  return {
    extension: answer,
    server: { noContextTakeover: parameters.serverNoContextTakeover, windowBits: serverWindowBits },
    client: {
      noContextTakeover: parameters.clientNoContextTakeover || wishes.client.noContextTakeover,
      windowBits: Math.min(clientWindowBits, wishes.client.windowBits),
    },
  };
}

/** @returns undefined for unknown, repeated and invalid parameters */
function readParameters(extension: Extension): Parameters | undefined {
  const values = new Map<string, string>();
  for (const parameter of extension.getParameters()) {
    if (values.has(parameter.getName())) return undefined;
    values.set(parameter.getName(), parameter.getValue());
  }
  let serverWindowBits: number | undefined;
  let clientWindowBits: number | 'any' | undefined;
  for (const [name, value] of values) {
    switch (name) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (value !== '') return undefined;
        break;
      case 'server_max_window_bits':
        serverWindowBits = parseBits(value);
        if (serverWindowBits === undefined) return undefined;
        break;
      case 'client_max_window_bits':
        clientWindowBits = value === '' ? 'any' : parseBits(value);
        if (clientWindowBits === undefined) return undefined;
        break;
      default:
        return undefined;
    }
  }
  return {
    serverNoContextTakeover: values.has('server_no_context_takeover'),
    clientNoContextTakeover: values.has('client_no_context_takeover'),
    serverWindowBits,
    clientWindowBits,
  };
}

function formatParameters(parameters: Parameters): Extension {
  const pairs: [string, string][] = [];
  if (parameters.serverNoContextTakeover) pairs.push(['server_no_context_takeover', '']);
  if (parameters.clientNoContextTakeover) pairs.push(['client_no_context_takeover', '']);
  if (parameters.serverWindowBits !== undefined)
    pairs.push(['server_max_window_bits', String(parameters.serverWindowBits)]);
  if (parameters.clientWindowBits !== undefined)
    pairs.push([
      'client_max_window_bits',
      parameters.clientWindowBits === 'any' ? '' : String(parameters.clientWindowBits),
    ]);
  return createExtension(PERMESSAGE_DEFLATE, pairs);
}

function parseBits(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}
