import { TestClient } from '../test-client';
import { makeCertificates } from './certificates';
import { start } from './server';
import { visit, visitAll } from './visitor';

const certificates = makeCertificates();
const { server: own, ann, bob } = certificates;
let server: Awaited<ReturnType<typeof start>>;
let address: string;

beforeEach(async () => {
  server = await start(0, certificates);
  address = `wss://localhost:${server.port}`;
});
afterEach(() => server.stop());

test('client-certificates greets users by the name in their certificate', async () => {
  expect(await visit(`${address}/ledger/auditor`, own.cert, ann)).toBe('Welcome, ann. You have the ledger as auditor.');
  expect(await visit(`${address}/ledger/clerk`, own.cert, bob)).toBe('Welcome, bob. You have the ledger as clerk.');
});

test('client-certificates refuses a role that the user does not have with 403', async () => {
  expect(await visit(`${address}/ledger/auditor`, own.cert, bob)).toBe('HTTP 403');
  expect(await visit(`${address}/ledger/owner`, own.cert, ann)).toBe('HTTP 403');
  await expect(TestClient.open(`${address}/ledger/auditor?role=clerk`, [], { ...bob, ca: own.cert })).rejects.toThrow(
    '403',
  );
});

test('client-certificates prints a client’s error for each refusal', async () => {
  const lines: string[] = [];
  await visitAll(address, certificates, (line) => lines.push(line));
  const failed = `WS_CONNECT_TLS, ${address}/ledger/clerk did not open the WebSocket: `;
  expect(lines).toEqual([
    'ann: Welcome, ann. You have the ledger as auditor.',
    'bob: Welcome, bob. You have the ledger as clerk.',
    'bob as auditor: HTTP 403',
    `without a certificate: ${failed}tlsv13 alert certificate required. The server may require a client certificate; pass it as key and cert of sslContext.`,
    expect.stringMatching(
      /^with a self-signed certificate: WS_CONNECT_IO, .* The server may not accept the client's certificate; check key and cert of sslContext\.$/,
    ),
    `without trust in the server: ${failed}self-signed certificate.`,
  ]);
  expect(server.container.getSessions().size).toBe(0);
});
