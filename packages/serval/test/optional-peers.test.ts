import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeploymentException, ServerContainer } from 'serval';
import { cbor } from 'serval/cbor';
import { jwt } from 'serval/jwt';
import { msgpack } from 'serval/msgpack';
import { ServalModule } from 'serval/nestjs';
import { openTelemetry } from 'serval/opentelemetry';
import { prometheusMetrics } from 'serval/prometheus';
import { protobuf } from 'serval/protobuf';
import { readWebXml } from 'serval/web-xml';

// None of the optional peers is installed here. Each entry loads without its peer, and names the command when it is used.

jest.mock('@bufbuild/protobuf', () => missing('@bufbuild/protobuf'));
jest.mock('@nestjs/common', () => ({}));
jest.mock('@nestjs/core', () => missing('@nestjs/core'));
jest.mock('@opentelemetry/api', () => missing('@opentelemetry/api'));
jest.mock('cbor-x', () => missing('cbor-x'));
jest.mock('jose', () => missing('jose'));
jest.mock('msgpackr', () => missing('msgpackr'));
jest.mock('prom-client', () => missing('prom-client'));
jest.mock('rate-limiter-flexible', () => missing('rate-limiter-flexible'));
jest.mock('saxes', () => missing('saxes'));

// Jest lifts the calls above to the top of the file, and functions with them.
function missing(name: string): never {
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
}

const USES: readonly (readonly [part: string, peer: string, use: () => unknown])[] = [
  ['serval/cbor', 'cbor-x', () => cbor()],
  ['serval/jwt', 'jose', () => jwt({ secret: 's'.repeat(32) })],
  ['serval/msgpack', 'msgpackr', () => msgpack()],
  ['ServalModule of serval/nestjs', '@nestjs/core', () => ServalModule.forRoot()],
  ['serval/opentelemetry', '@opentelemetry/api', () => openTelemetry()],
  ['serval/prometheus', 'prom-client', () => prometheusMetrics()],
  ['serval/protobuf', '@bufbuild/protobuf', () => protobuf({ kind: 'message', typeName: 'Chat' } as never)],
  [
    'rateLimits[0].points',
    'rate-limiter-flexible',
    () => new ServerContainer({ rateLimits: [{ by: 'session', points: 1, duration: 1 }] }),
  ],
  ['serval/web-xml', 'saxes', () => readWebXml('<web-app/>')],
];

test.each(USES)('%s without %s names the command that installs it', (part, peer, use) => {
  expect(use).toThrow(DeploymentException);
  expect(use).toThrow(`${part} needs ${peer}, which is not installed. Run "npm install ${peer}".`);
});

test('every optional peer of the package is in the table', () => {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
    readonly peerDependenciesMeta: Readonly<Record<string, unknown>>;
  };
  expect(USES.map(([, peer]) => peer).sort()).toEqual(Object.keys(manifest.peerDependenciesMeta).sort());
});
