import { Duplex } from 'node:stream';
import { checkedHeaders, isValidHeader, reject } from '../src/rejection';
import { turn } from '../../testing/test/toolbox';

/** A socket that keeps the written bytes. */
class Recorder extends Duplex {
  written = '';

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString('latin1');
    done();
  }
}

function rejected(status: number, response?: Parameters<typeof reject>[2]): string {
  const socket = new Recorder();
  reject(socket, status, response);
  socket.destroy();
  return socket.written;
}

test('writes a complete HTTP response and ends the connection', () => {
  expect(rejected(403)).toBe(
    'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\nConnection: close\r\n\r\nForbidden\n',
  );
});

test('an unknown status has a phrase too', () => {
  expect(rejected(499)).toMatch(/^HTTP\/1\.1 499 Refused\r\n[^]*\r\n\r\nRefused\n$/);
});

test('counts the length of the body in UTF-8 bytes', () => {
  expect(rejected(400, { body: 'ü€😀' })).toContain('Content-Length: 9\r\n');
});

test('sends an empty body', () => {
  expect(rejected(400, { body: '' })).toMatch(/Content-Length: 0\r\nConnection: close\r\n\r\n$/);
});

describe('CVE-2026-1527: a header cannot be split', () => {
  test.each([
    ['X-A', 'a\r\nX-Evil: 1'],
    ['X-A', 'a\nX-Evil: 1'],
    ['X-A', 'a\rX-Evil: 1'],
    ['X-A', 'a\0'],
    ['X-A', '\u0100'],
    // U+010D U+010A lose their upper byte in latin1 and become CR LF.
    ['X-A', 'č\u010aX-Evil: 1'],
    ['X-A\r\nX-Evil', '1'],
    ['X-A: 1\r\nX-Evil', '1'],
    ['X A', '1'],
    ['X-Ä', '1'],
    ['', '1'],
  ])('%j: %j is not sent', (name, value) => {
    expect(isValidHeader(name, value)).toBe(false);
    expect(checkedHeaders({ [name]: value })).toEqual([]);
    expect(rejected(400, { headers: { [name]: value } })).toBe(rejected(400));
    expect(rejected(400, { headers: { [name]: ['fine', value] } })).not.toContain('Evil');
  });

  test('sends the valid values next to an invalid one', () => {
    expect(checkedHeaders({ 'X-A': ['1', '2\r\n', '3'], 'X-B': 'ü' })).toEqual([
      ['X-A', '1'],
      ['X-A', '3'],
      ['X-B', 'ü'],
    ]);
  });

  test('sends a body with several lines', () => {
    const text = rejected(400, { body: '\r\nHTTP/1.1 200 OK\r\n\r\n' });
    expect(text.split('\r\n\r\n')[0]).toContain('Content-Length: 21');
  });
});

test('writes nothing to a closed or ended socket, and releases it', () => {
  const gone = new Recorder().destroy();
  reject(gone, 400);
  expect(gone.written).toBe('');

  const ended = new Recorder();
  ended.end();
  reject(ended, 400);
  expect(ended.written).toBe('');
  expect(ended.destroyed).toBe(true);
});

test('reads and drops further bytes of the client, whose end ends the connection', async () => {
  const socket = new Recorder({ allowHalfOpen: true });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  reject(socket, 400);
  socket.push('more');
  await turn();
  expect(socket.readableLength).toBe(0);
  socket.push(null);
  await closed;
});
