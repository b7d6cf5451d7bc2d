import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dialectOf } from '../src/dialect';
import { PACKAGE, PEERS, ROOT } from '../src/folders';
import type { Workload } from '../src/rows';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { dependencies } = JSON.parse(readFileSync(join(PEERS, 'package.json'), 'utf8')) as Manifest;
const own = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest;
const examples = JSON.parse(readFileSync(join(ROOT, 'examples/package.json'), 'utf8')) as Manifest;

describe('the peers', () => {
  it('are installed only by npm run bench, unless an example needs them', () => {
    const lock = readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8');
    const needed = { ...own.dependencies, ...examples.dependencies, ...examples.devDependencies };
    const others = Object.keys(dependencies).filter((name) => !(name in needed));
    expect(others).toContain('@nestjs/websockets');
    for (const name of others) expect(lock).not.toContain(`${name}@`);
  });

  it('have exact versions, and a lock file without the address of a registry', () => {
    for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(readFileSync(join(PEERS, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

describe('dialects', () => {
  const echo: Workload = { kind: 'echo', connections: 1, inFlight: 1, bytes: 64, format: 'text' };
  const broadcast: Workload = { kind: 'broadcast', connections: 1, senders: 1, bytes: 128 };

  it('wrap a text in the format of each contender', () => {
    expect(dialectOf('plain', echo)).toMatchObject({ path: '/echo', before: '', after: '' });
    expect(dialectOf('nestjs', broadcast)).toMatchObject({ before: '{"event":"broadcast","data":"', after: '"}' });
    expect(dialectOf('socketio', echo)).toMatchObject({ before: '42["echo","', after: '"]' });
  });

  it('announce a binary message of Socket.IO with a text message', () => {
    expect(dialectOf('socketio', { ...echo, format: 'binary' })).toMatchObject({
      before: '',
      announce: '451-["echo",{"_placeholder":true,"num":0}]',
    });
  });

  it('have a separate path for uploads', () => {
    expect(dialectOf('plain', { kind: 'upload', bytes: 1 }).path).toBe('/upload');
  });
});
