import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrontServer, type FrontName } from '.';
import { LOCALHOST } from '../localhost';

// Front servers by the configurations of the guides, as they stand there.

const page = (name: string): string => readFileSync(join(__dirname, `../../../../docs/guides/${name}.md`), 'utf8');
const PAGES = { 'reverse-proxies': page('reverse-proxies'), 'front-servers': page('front-servers') };

type Replacement = readonly [part: string, by: string];

interface Place {
  readonly page: keyof typeof PAGES;
  readonly heading: string;
  /** Of the block of code, the first of this language below the heading. */
  readonly language: string;
  /** Whether it speaks TLS. */
  readonly isSecure: boolean;
  /** Changes the guide's configuration for a test, in addition to ports and certificates. */
  readonly replacements: (port: number, upstream: number) => readonly Replacement[];
}

const place = (heading: string, language: string, isSecure: boolean, replacements: Place['replacements']): Place => ({
  page: 'front-servers',
  heading,
  language,
  isSecure,
  replacements,
});

const PLACES: Readonly<Record<FrontName, Place>> = {
  nginx: {
    ...place('nginx', 'nginx', true, (port) => [['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`]]),
    page: 'reverse-proxies',
  },
  haproxy: place('HAProxy', 'haproxy', true, (port) => [
    ['bind :443', `bind 127.0.0.1:${port}`],
    ['/etc/ssl/chat.example.pem', certificateAndKey()],
  ]),
  apache: place('Apache', 'apache', true, (port) => [
    ['<VirtualHost *:443>', `Listen 127.0.0.1:${port}\n<VirtualHost *:${port}>`],
  ]),
  caddy: place('Caddy', 'caddy', true, (port) => [
    [
      'chat.example {',
      `https://localhost:${port} {\n  bind 127.0.0.1\n  tls ${LOCALHOST.certFile} ${LOCALHOST.keyFile}`,
    ],
  ]),
  varnish: place('Varnish', 'vcl', false, (_port, upstream) => [['"8080"', `"${upstream}"`]]),
  lighttpd: place('lighttpd', 'lighttpd', true, (port, upstream) => [
    ['server.port = 443', `server.port = ${port}\nserver.bind = "127.0.0.1"`],
    ['"port" => 8080', `"port" => ${upstream}`],
  ]),
  nghttpx: place('nghttpx', 'ini', true, (port, upstream) => [
    ['frontend=*,443', `frontend=127.0.0.1,${port}`],
    ['127.0.0.1,8080', `127.0.0.1,${upstream}`],
  ]),
  squid: place('Squid', 'squid', false, (port, upstream) => [
    ['http_port 80', `http_port 127.0.0.1:${port}`],
    ['parent 8080', `parent ${upstream}`],
  ]),
  h2o: place('h2o', 'yaml', true, (port) => [['port: 443', `host: 127.0.0.1\n      port: ${port}`]]),
  trafficserver: place('Traffic Server', 'ini', true, (port) => [
    ['wss://chat.example/', `wss://localhost:${port}/`],
    ['443:ssl', `${port}:ssl:ip-in=127.0.0.1`],
  ]),
};

export const FRONT_NAMES = Object.keys(PLACES) as readonly FrontName[];

let folder: string | undefined;

/** One file, as HAProxy wants it. */
function certificateAndKey(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'serval-certificate-'));
  const file = join(folder, 'localhost.pem');
  writeFileSync(file, `${LOCALHOST.cert.toString()}${LOCALHOST.key.toString()}`);
  return file;
}

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/**
 * Starts a front server by the guide's configuration.
 *
 * @param upstream the port of the server behind it
 * @param changes to the guide's text, each of which has to find something to replace
 */
export async function startGuided(
  name: FrontName,
  upstream: number,
  changes: readonly Replacement[] = [],
): Promise<GuidedFront> {
  const { isSecure } = PLACES[name];
  const front = await FrontServer.start(name, (port) => configurationOf(name, port, upstream, changes));
  return { name, front, isSecure, authority: `localhost:${front.port}` };
}

export interface GuidedFront {
  readonly name: FrontName;
  readonly front: FrontServer;
  readonly isSecure: boolean;
  readonly authority: string;
}

function configurationOf(name: FrontName, port: number, upstream: number, changes: readonly Replacement[]): string {
  const { page, heading, language, replacements } = PLACES[name];
  const [, section = ''] = new RegExp(`^## ${heading}\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(PAGES[page]) ?? [];
  const [, block] = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(section) ?? [];
  if (block === undefined) throw new Error(`Expected a block of ${language} below "${heading}" in ${page}.md.`);
  const own = replacements(port, upstream);
  const changed = [...changes, ...own].reduce((text, [part, by]) => {
    if (!text.includes(part)) throw new Error(`Expected ${JSON.stringify(part)} in the guide's block for ${name}.`);
    return text.replaceAll(part, by);
  }, block);
  return changed
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${upstream}`)
    .replaceAll('/etc/ssl/chat.example.pem', LOCALHOST.certFile)
    .replaceAll('/etc/ssl/chat.example.key', LOCALHOST.keyFile);
}
