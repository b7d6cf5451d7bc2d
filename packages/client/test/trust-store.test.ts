import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { ClientEndpointConfig, DeploymentException, Endpoint, type Session } from '@serval/api';
import forge from 'node-forge';
import { ClientContainer } from '../src';
import { readTrustStore } from '../src/trust-store';
import type * as TrustStore from '../src/trust-store';
import { accepting, LiteralServer } from './literal-server';
import { afterTest, rejection, someOf } from '../../testing/test/toolbox';

const P = 'org.apache.tomcat.websocket.';
const container = new ClientContainer({
  logger: { error() {}, warn() {}, debug() {} },
  sessionCloseTimeout: 200,
});

const pem = (part: string): string => join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`);
const store = (name: string): string => join(__dirname, 'fixtures', name);
const TLS = { key: readFileSync(pem('key')), cert: readFileSync(pem('cert')) };

class Nothing extends Endpoint {
  override onOpen() {}
}

function config(properties: Record<string, unknown>, sslContext?: unknown): ClientEndpointConfig {
  const made = ClientEndpointConfig.Builder.create().sslContext(sslContext).build();
  for (const [name, value] of Object.entries(properties)) made.getUserProperties().set(P + name, value);
  return made;
}

async function connect(uri: string, given: ClientEndpointConfig): Promise<Session> {
  const session = await container.connectToServer(Nothing, given, uri);
  afterTest(() => session.close());
  return session;
}

/** A file that exists until the test ends. */
function temporary(content: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'trust-store-'));
  afterTest(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'store');
  writeFileSync(path, content);
  return path;
}

const EC = new X509Certificate(TLS.cert).fingerprint256;
// Computed with openssl x509 -fingerprint -sha256.
const RSA = 'A4:68:02:58:E4:FF:A7:6A:4C:A3:B5:66:EE:36:85:7B:A8:03:35:49:83:64:0D:5B:6A:AA:92:FC:0A:AC:86:E9';

describe('a trust store', () => {
  test.each<[file: string, path: () => string, password: string, fingerprints: string[]]>([
    ['PKCS#12 as of Java 17', () => store('trusted.p12'), 'changeit', [EC]],
    ['PKCS#12 as before Java 16', () => store('legacy.p12'), 'changeit', [EC]],
    ['PKCS#12 with two certificates', () => store('two.p12'), 'other one', [RSA, EC]],
    ['JKS', () => store('trusted.jks'), 'changeit', [EC]],
    ['JKS with a key, whose own password does not matter', () => store('two.jks'), 'other one', [RSA, EC]],
    ['PEM, which has no password', () => pem('cert'), 'any', [EC]],
    [
      'PEM with two, and with words between',
      () => temporary(`One\n${String(TLS.cert)}Two\n${String(TLS.cert)}`),
      '',
      [EC, EC],
    ],
    ['DER', () => temporary(new X509Certificate(TLS.cert).raw), '', [EC]],
  ])('%s', async (_file, path, password, fingerprints) => {
    const certificates = await readTrustStore('SSL_TRUSTSTORE', path(), password);
    const found = certificates.map((one) => new X509Certificate(one).fingerprint256);
    expect(found.sort()).toEqual([...fingerprints].sort());
  });

  test.each<[what: string, path: () => string, password: string, message: RegExp]>([
    ['a missing file', () => store('none.p12'), 'changeit', /none\.p12 cannot be read: ENOENT/],
    ['a folder', () => __dirname, 'changeit', /cannot be read: it is not a file of at most 16777216 bytes/],
    [
      'another password of PKCS#12',
      () => store('trusted.p12'),
      's3cret',
      /trusted\.p12 cannot be read as a trust store: .*[Ii]nvalid password/,
    ],
    ['another password of JKS', () => store('trusted.jks'), 's3cret', /the password is wrong, or the file was changed/],
    ['no certificate in JKS', () => store('empty.jks'), 'changeit', /empty\.jks has no certificate; add one/],
    ['no certificate in PKCS#12', () => store('empty.p12'), 'changeit', /empty\.p12 has no certificate; add one/],
    [
      'text',
      () => temporary('trust me'),
      'changeit',
      /its format is unknown; pass PKCS#12, JKS or PEM, and the password as SSL_TRUSTSTORE_PWD/,
    ],
    [
      'truncated PEM',
      () => temporary(`${String(TLS.cert)}-----BEGIN CERTIFICATE-----\nMIIB`),
      'changeit',
      /a certificate in it has no end/,
    ],
    [
      // Searching for each end up to the end of the file would take an hour.
      'PEM of beginnings without an end, at once',
      () => temporary('-----BEGIN CERTIFICATE-----'.repeat(600_000)),
      'changeit',
      /a certificate in it has no end/,
    ],
    ['an empty file', () => temporary(''), 'changeit', /its format is unknown/],
    [
      'PEM of nothing',
      () => temporary('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
      '',
      /cannot be read as a trust store/,
    ],
    [
      'ASN.1 that is not a trust store',
      () => temporary(Buffer.from([0x30, 0x03, 0x02, 0x01, 0x05])),
      '',
      /cannot be read as a trust store/,
    ],
  ])('%s throws a DeploymentException that does not show the password', async (_what, path, password, message) => {
    const error = await rejection(readTrustStore('SSL_TRUSTSTORE', path(), password));
    expect(error).toBeInstanceOf(DeploymentException);
    expect([error.code, error.message]).toEqual(['WS_DEPLOY_BAD_OPTION', expect.stringMatching(message)]);
    expect(error.message).not.toContain('s3cret');
  });

  test('rejects JKS that is truncated anywhere or has one changed byte', async () => {
    const whole = readFileSync(store('trusted.jks'));
    const broken = [...whole.keys()].flatMap((index) => {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ 0x41;
      return [whole.subarray(0, index), changed];
    });
    const path = temporary('');
    for (const content of someOf(300, broken)) {
      writeFileSync(path, content);
      expect((await rejection(readTrustStore('SSL_TRUSTSTORE', path, 'changeit'))).code).toBe('WS_DEPLOY_BAD_OPTION');
    }
  });
});

test('decrypts PKCS#12 once per file and password', async () => {
  const path = temporary(readFileSync(store('trusted.p12')));
  const read = (password: string) => readTrustStore('SSL_TRUSTSTORE', path, password);
  const decrypt = jest.spyOn(forge.pkcs12, 'pkcs12FromAsn1');
  afterTest(() => decrypt.mockRestore());
  await read('changeit');
  const calls = decrypt.mock.calls.length;
  expect(await read('changeit')).toHaveLength(1);
  expect(decrypt).toHaveBeenCalledTimes(calls);
  expect((await rejection(read('changeit2'))).code).toBe('WS_DEPLOY_BAD_OPTION');
  writeFileSync(path, readFileSync(store('two.p12')));
  expect((await rejection(read('changeit'))).code).toBe('WS_DEPLOY_BAD_OPTION');
  expect(await read('other one')).toHaveLength(2);
});

test('without node-forge, rejects PKCS#12 with the install command, and still reads JKS', async () => {
  await jest.isolateModulesAsync(async () => {
    jest.doMock('node-forge', () => {
      throw Object.assign(new Error("Cannot find module 'node-forge'"), { code: 'MODULE_NOT_FOUND' });
    });
    afterTest(() => jest.dontMock('node-forge'));
    const isolated = jest.requireActual<typeof TrustStore>('../src/trust-store');
    const read = (name: string) => isolated.readTrustStore('SSL_TRUSTSTORE', store(name), 'changeit');
    expect((await rejection(read('trusted.p12'))).message).toBe(
      'a trust store of PKCS#12 needs node-forge, which is not installed. Run "npm install node-forge".',
    );
    expect(await read('trusted.jks')).toHaveLength(1);
  });
});

describe('SSL_TRUSTSTORE', () => {
  test.each([['trusted.p12'], ['trusted.jks']])('%s, with the password that Java has by default', async (name) => {
    const server = await LiteralServer.start(accepting(), TLS);
    expect((await connect(server.url(), config({ SSL_TRUSTSTORE: store(name) }))).isSecure()).toBe(true);
  });

  test('with SSL_TRUSTSTORE_PWD; what is trusted by default is trusted no more', async () => {
    const server = await LiteralServer.start(accepting(), TLS);
    const two = { SSL_TRUSTSTORE: store('two.p12'), SSL_TRUSTSTORE_PWD: 'other one' };
    expect((await connect(server.url(), config(two))).isSecure()).toBe(true);
    const pemOfAnother = temporary(
      (await readTrustStore('SSL_TRUSTSTORE', store('two.p12'), 'other one')).find(
        (one) => new X509Certificate(one).fingerprint256 === RSA,
      ) ?? '',
    );
    const error = await rejection(connect(server.url(), config({ SSL_TRUSTSTORE: pemOfAnother })));
    expect([error.code, error.cause.code]).toEqual(['WS_CONNECT_TLS', 'DEPTH_ZERO_SELF_SIGNED_CERT']);
  });

  test.each([
    [{ SSL_TRUSTSTORE: 3 }, /SSL_TRUSTSTORE is the path of a file; found number/],
    [{ SSL_TRUSTSTORE: 'a', SSL_TRUSTSTORE_PWD: 3 }, /SSL_TRUSTSTORE_PWD is a string; found number/],
    [{ SSL_TRUSTSTORE: '/none', SSL_TRUSTSTORE_PWD: 's3cret' }, /websocket\.SSL_TRUSTSTORE: \/none cannot be read/],
  ])('%j: fails without connecting to a server', async (properties, message) => {
    const server = await LiteralServer.start(accepting(), TLS);
    const error = await rejection(connect(server.url(), config(properties)));
    expect([error.code, error.message]).toEqual(['WS_DEPLOY_BAD_OPTION', expect.stringMatching(message)]);
    expect(error.message).not.toContain('s3cret');
    expect(server.requests).toHaveLength(0);
  });
});

describe('SSL_CONTEXT', () => {
  test.each([
    ['TLS options', { ca: TLS.cert }],
    ['a SecureContext', createSecureContext({ ca: TLS.cert })],
  ])('is as sslContext of the builder: %s', async (_what, context) => {
    const server = await LiteralServer.start(accepting(), TLS);
    expect((await connect(server.url(), config({ SSL_CONTEXT: context }))).isSecure()).toBe(true);
  });

  test('goes before the trust store, and the builder’s before it', async () => {
    const server = await LiteralServer.start(accepting(), TLS);
    const missing = { SSL_TRUSTSTORE: '/none' };
    await connect(server.url(), config({ SSL_CONTEXT: { ca: TLS.cert }, ...missing }));
    await connect(server.url(), config({ SSL_CONTEXT: {}, ...missing }, { ca: TLS.cert }));
    expect(server.requests).toHaveLength(2);
    expect((await rejection(connect(server.url(), config({ SSL_CONTEXT: { ca: TLS.cert } }, {})))).code).toBe(
      'WS_CONNECT_TLS',
    );
  });

  test('anything else is a DeploymentException', async () => {
    const error = await rejection(connect('wss://127.0.0.1:9/', config({ SSL_CONTEXT: 'TLS' })));
    expect([error.code, error.message]).toEqual([
      'WS_DEPLOY_BAD_OPTION',
      `${P}SSL_CONTEXT takes TLS options of Node or a tls.SecureContext; found string.`,
    ]);
  });
});

describe('SSL_PROTOCOLS', () => {
  test.each<[protocols: unknown, version: string]>([
    ['TLSv1.2', 'TLSv1.2'],
    [' TLSv1.3 ', 'TLSv1.3'],
    ['TLSv1.2, TLSv1.3', 'TLSv1.3'],
    [['TLSv1.3', 'TLSv1.2'], 'TLSv1.3'],
    // Regardless of the context's options.
    ['TLSv1.1,TLSv1.2', 'TLSv1.2'],
  ])('%j', async (protocols, version) => {
    const server = await LiteralServer.start(accepting(), TLS);
    const spoken: unknown[] = [];
    server.onSecure((socket) => spoken.push(socket.getProtocol()));
    await connect(server.url(), config({ SSL_PROTOCOLS: protocols }, { ca: TLS.cert, minVersion: 'TLSv1.3' }));
    expect(spoken).toEqual([version]);
  });

  test('a server that speaks none of them', async () => {
    const server = await LiteralServer.start(accepting(), { ...TLS, minVersion: 'TLSv1.3' });
    const error = await rejection(connect(server.url(), config({ SSL_PROTOCOLS: 'TLSv1.2' }, { ca: TLS.cert })));
    expect(error.code).toBe('WS_CONNECT_TLS');
    await server.deserted();
  });

  test.each<[protocols: unknown, message: RegExp]>([
    ['TLSv1,TLSv1.2', /SSL_PROTOCOLS is TLSv1, TLSv1\.2, without TLSv1\.1; Node enables all versions between two/],
    [
      'TLSv1.2,TLSv1.4',
      /is a list, or text with commas, of TLSv1, TLSv1\.1, TLSv1\.2, TLSv1\.3; found "TLSv1\.2,TLSv1\.4"/,
    ],
    ['SSLv3', /found "SSLv3"/],
    ['', /found ""/],
    [[], /found \[\]/],
    [12, /found 12/],
  ])('%j is a DeploymentException', async (protocols, message) => {
    const error = await rejection(connect('wss://127.0.0.1:9/', config({ SSL_PROTOCOLS: protocols })));
    expect([error.code, error.message]).toEqual(['WS_DEPLOY_BAD_OPTION', expect.stringMatching(message)]);
  });

  test('cannot change a SecureContext', async () => {
    const given = config({ SSL_PROTOCOLS: 'TLSv1.3' }, createSecureContext({ ca: TLS.cert }));
    expect((await rejection(connect('wss://127.0.0.1:9/', given))).message).toMatch(
      /cannot change a tls\.SecureContext/,
    );
  });
});
