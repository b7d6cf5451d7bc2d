import { withEcho, type Connect } from '../echo-peer';

// packages/protocol/test/message-deflate.test.ts has the rules one by one; here the whole server answers whole headers.

const P = 'permessage-deflate';
const EXTENSIONS = 'sec-websocket-extensions';

async function answer(connect: Connect, offers: string | undefined): Promise<readonly string[] | undefined> {
  const { head } = await connect(offers === undefined ? {} : { 'Sec-WebSocket-Extensions': offers });
  return head.headers.get(EXTENSIONS);
}

describe('with permessage-deflate', () => {
  withEcho({ perMessageDeflate: true }, (connect) => {
    test.each<[string, string]>([
      [P, P],
      [`${P}; client_max_window_bits`, P],
      [
        `${P}; client_max_window_bits=10; server_no_context_takeover`,
        `${P}; server_no_context_takeover; client_max_window_bits=10`,
      ],
      // RFC 7692 7.1: the example of an offer with a fallback.
      [
        `${P}; client_max_window_bits; server_max_window_bits=10, ${P}; client_max_window_bits`,
        `${P}; server_max_window_bits=10`,
      ],
      [`${P}; server_max_window_bits=7, ${P}`, P],
      [`${P}; mode=fast, ${P}; client_no_context_takeover`, `${P}; client_no_context_takeover`],
      [`x-webkit-deflate-frame, bbf-usp-protocol, ${P}`, P],
      [`${P}; server_max_window_bits="12"`, `${P}; server_max_window_bits=12`],
    ])('RFC 7692 5.1: answers the offer %j with %j, in one header', async (offers, agreed) => {
      expect(await answer(connect, offers)).toEqual([agreed]);
    });

    test.each<string | undefined>([
      undefined,
      'x-other',
      'permessage-bzip2',
      `${P}; server_max_window_bits=0`,
      `${P}; server_max_window_bits=16`,
      `${P}; server_max_window_bits=-9`,
      `${P}; server_max_window_bits=09`,
      `${P}; server_max_window_bits`,
      `${P}; client_max_window_bits=7`,
      `${P}; client_max_window_bits=bits`,
      `${P}; server_no_context_takeover=true`,
      `${P}; client_no_context_takeover=0`,
      `${P}; server_no_context_takeover; server_no_context_takeover`,
      `${P}; server_max_window_bits=10; server_max_window_bits=11`,
      `${P}; toString`,
    ])('RFC 7692 7.1: declines the offer %j, and the connection opens without compression', async (offers) => {
      expect(await answer(connect, offers)).toBeUndefined();
    });
  });
});

describe('without it', () => {
  withEcho({}, (connect) => {
    test('RFC 7692 5.1: an offer is declined by not naming it', async () => {
      expect(await answer(connect, P)).toBeUndefined();
    });
  });
});

describe('over ws', () => {
  withEcho({ engine: 'ws' }, (connect) => {
    // Differs: permessage-deflate is not available over ws.
    test('RFC 7692 5.1: an offer is declined by not naming it', async () => {
      expect(await answer(connect, P)).toBeUndefined();
    });
  });
});
