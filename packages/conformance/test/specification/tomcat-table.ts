import { LiteralSocket, type ResponseHead } from '@serval/testing';

/** A handshake for an echo endpoint at {@link ECHO_PATH}, and what Tomcat 10.1 and Serval make of it. */
export interface HandshakeRow {
  readonly title: string;
  /** Default: {@link ECHO_PATH}. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status, and the extensions of a 101 where the row is about them. */
  readonly tomcat: string;
  readonly serval: string;
}

/** Its path in Tomcat's examples. */
export const ECHO_PATH = '/examples/websocket/echoAnnotation';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const EXTENSIONS = 'Sec-WebSocket-Extensions';

export const HANDSHAKE_ROWS: readonly HandshakeRow[] = [
  { title: 'as it should be', tomcat: '101', serval: '101' },
  { title: 'a path parameter at the end', path: `${ECHO_PATH};x=1`, tomcat: '101', serval: '404' },
  { title: 'a path parameter before', path: ECHO_PATH.replace('/w', ';x=1/w'), tomcat: '101', serval: '404' },
  { title: 'a double slash', path: ECHO_PATH.replace('/w', '//w'), tomcat: '101', serval: '404' },
  { title: 'a double slash at the beginning', path: `/${ECHO_PATH}`, tomcat: '101', serval: '404' },
  { title: 'an encoded slash', path: ECHO_PATH.replace('/echo', '%2Fecho'), tomcat: '400', serval: '404' },
  { title: 'an encoded backslash', path: ECHO_PATH.replace('/echo', '%5Cecho'), tomcat: '400', serval: '404' },
  { title: 'no Connection: Upgrade', headers: { Connection: 'keep-alive' }, tomcat: '400', serval: '426' },
  {
    title: 'two keys',
    headers: { 'Sec-WebSocket-Key': `${KEY}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==` },
    tomcat: '101',
    serval: '400',
  },
  { title: 'an invalid key', headers: { 'Sec-WebSocket-Key': 'x' }, tomcat: '400', serval: '400' },
  { title: 'another version', headers: { 'Sec-WebSocket-Version': '8' }, tomcat: '426', serval: '426' },
  { title: 'a quoted value without an end', headers: { [EXTENSIONS]: 'x; a="b' }, tomcat: '400', serval: '400' },
  { title: 'parameters without an extension', headers: { [EXTENSIONS]: ';;;' }, tomcat: '500', serval: '400' },
  { title: 'an extension with a space in its name', headers: { [EXTENSIONS]: 'a b' }, tomcat: '101', serval: '400' },
  { title: 'an extension that nobody knows', headers: { [EXTENSIONS]: 'x; a' }, tomcat: '101', serval: '101' },
  {
    title: 'an unknown parameter of permessage-deflate',
    headers: { [EXTENSIONS]: 'permessage-deflate; nope' },
    tomcat: '101',
    serval: '101',
  },
  {
    title: 'a value out of range, and another offer',
    headers: { [EXTENSIONS]: 'permessage-deflate; client_max_window_bits=7, permessage-deflate' },
    tomcat: '101 permessage-deflate',
    serval: '101 permessage-deflate',
  },
  {
    title: 'a parameter twice, and another offer',
    headers: {
      [EXTENSIONS]:
        'permessage-deflate; server_no_context_takeover; server_no_context_takeover, permessage-deflate; server_no_context_takeover',
    },
    tomcat: '101 permessage-deflate;server_no_context_takeover',
    serval: '101 permessage-deflate;server_no_context_takeover',
  },
];

/** The answer to a row, and the connection. */
export async function answerTo(
  port: number,
  { path = ECHO_PATH, headers = {} }: Pick<HandshakeRow, 'path' | 'headers'>,
): Promise<{ readonly shown: string; readonly socket: LiteralSocket }> {
  const socket = await LiteralSocket.connect(port);
  const head = await socket.upgrade(path, headers);
  return { shown: show(head), socket };
}

function show({ status, headers }: ResponseHead): string {
  const extensions = (headers.get('sec-websocket-extensions') ?? []).join(',').replaceAll('; ', ';');
  return `${status} ${extensions}`.trim();
}
