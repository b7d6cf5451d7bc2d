import type { Duplex } from 'node:stream';
import type { Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { Connection } from './connection';
import {
  offerDeflate,
  PERMESSAGE_DEFLATE,
  readAnswer,
  type DeflateAgreement,
  type DeflateWishes,
} from './deflate-negotiation';
import type { EngineOptions } from './engine-options';
import { connectionSettings, createCompression } from './native-engine';
import { tune } from './sockets';
import type { ZlibCodecs } from './zlib-contract';

/** An opening handshake that a server has answered with 101; its headers are checked but for the extensions. */
export interface AnsweredHandshake {
  readonly socket: Duplex;
  /** The bytes that the server sent right behind its answer. */
  readonly head: Buffer;
  /** Of the server's Sec-WebSocket-Extensions. */
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  /** How long the server has to end the TCP connection once both close frames are there. */
  readonly closeTimeoutMs: number;
  /** Bytes of the payload of a data frame that is sent; a longer message leaves in several frames. 0 or undefined for no limit. */
  readonly maxFrameBytes?: number | undefined;
}

/** Speaks RFC 6455 as a client. */
export interface ClientEngine {
  /** For the request's Sec-WebSocket-Extensions. */
  readonly offers: readonly Extension[];
  /**
   * For one handshake: where the memory for compression is short by now, its offer asks the server for messages that
   * need none, and only such an answer is taken.
   */
  forHandshake(): ClientEngine;
  /**
   * Takes the socket over, paused.
   *
   * @returns undefined when the server has answered with an extension, or a parameter, that was not offered: the client
   * must fail the connection then (RFC 6455 4.1), and the socket is untouched
   */
  open(answer: AnsweredHandshake): Transport | undefined;
}

/**
 * Our own RFC 6455 engine in the client's role.
 *
 * @param codecs the way to zlib; by default the best that this Node has
 * @throws DeploymentException for an option that is out of range or unknown
 */
export function createClientEngine(options: EngineOptions = {}, codecs?: ZlibCodecs): ClientEngine {
  const compression = createCompression(options.perMessageDeflate, codecs);
  const settings = connectionSettings(options);
  const engineWith = (wishes: DeflateWishes | undefined): ClientEngine => ({
    offers: wishes === undefined ? [] : [offerDeflate(wishes)],
    forHandshake: () => engineWith(compression?.wishesForNow('client')),
    open(answer) {
      let agreement: DeflateAgreement | undefined;
      for (const extension of answer.extensions) {
        if (wishes === undefined || agreement !== undefined || extension.getName() !== PERMESSAGE_DEFLATE)
          return undefined;
        agreement = readAnswer(extension, wishes);
        if (agreement === undefined) return undefined;
      }
      tune(answer.socket);
      const { socket, head, isSecure, remoteAddress, closeTimeoutMs, maxFrameBytes } = answer;
      const deflate = agreement && compression?.open(agreement, 'client');
      return new Connection({
        role: 'client',
        socket,
        head,
        isSecure,
        remoteAddress,
        deflate,
        ...settings,
        closeTimeoutMs,
        maxFrameBytes,
      });
    },
  });
  return engineWith(compression?.wishes);
}
