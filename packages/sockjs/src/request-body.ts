import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parseSent, type Sent } from './frames';

/** The body of a request, or the reason for which there is none. */
type Body =
  { readonly kind: 'body'; readonly bytes: Buffer } | { readonly kind: 'too large' } | { readonly kind: 'gone' };

/** The messages in the body of a request. */
export type SentBody = Sent | { readonly kind: 'too large' } | { readonly kind: 'gone' };

/** Reads the messages of a client. `gone` means that the client left before the end of its request. */
export async function readMessages(
  request: IncomingMessage,
  transport: 'xhr_send' | 'jsonp_send',
  maxBytes: number,
): Promise<SentBody> {
  const body = await readBody(request, maxBytes);
  if (body.kind !== 'body') return body;
  if (!isUtf8(body.bytes)) return { kind: 'broken JSON' };
  const text = body.bytes.toString();
  return parseSent(transport === 'jsonp_send' && isForm(request) ? formField(text) : text);
}

function isForm({ headers }: IncomingMessage): boolean {
  return (headers['content-type'] ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded');
}

function formField(form: string): string {
  return new URLSearchParams(form).get('d') ?? '';
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else finish({ kind: 'too large' });
    };
    const ended = (): void => finish({ kind: 'body', bytes: Buffer.concat(chunks) });
    const gone = (): void => finish({ kind: 'gone' });
    const finish = (body: Body): void => {
      request.off('data', take).off('end', ended).off('close', gone);
      resolve(body);
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      resolve({ kind: 'too large' });
      return;
    }
    request.on('error', () => undefined);
    request.on('data', take).on('end', ended).on('close', gone);
    if (request.destroyed) gone();
  });
}
