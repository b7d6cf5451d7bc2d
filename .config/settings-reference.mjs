// Writes the tables of docs/reference/settings.md and options.md from the options tables in code and the docstrings of
// their interfaces; with --check only says whether the pages are up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import client from '../packages/client/dist/index.js';
import container from '../packages/container/dist/index.js';
import protocol from '../packages/protocol/dist/index.js';
import server from '../packages/server/dist/index.js';

const ROOT = new URL('..', import.meta.url);
const { COMPATIBILITIES, CONTAINER_OPTIONS, SETTINGS, WITHOUT_EFFECT } = container;

/** The interfaces that declare the options, by table. */
const MEANINGS = {
  settings: docstrings('packages/container/src/settings.ts', 'ContainerSettings'),
  container: {
    ...docstrings('packages/container/src/setting-sources.ts', 'SettingOptions'),
    ...docstrings('packages/container/src/container-context.ts', 'ContainerOptions'),
    ...docstrings('packages/protocol/src/engine-options.ts', 'EngineOptions'),
  },
  perMessageDeflate: docstrings('packages/protocol/src/engine-options.ts', 'PerMessageDeflateOptions'),
  stop: {
    ...docstrings('packages/container/src/stopping.ts', 'StopOptions'),
    ...docstrings('packages/server/src/stopping.ts', 'ServerStopOptions'),
  },
  serverContainer: {
    ...docstrings('packages/server/src/container-options.ts', 'ServerContainerOptions'),
    ...docstrings('packages/server/src/connection-limits.ts', 'ConnectionLimitOptions'),
  },
  server: docstrings('packages/server/src/server-options.ts', 'ServerOptions'),
  clientContainer: {
    ...docstrings('packages/client/src/container-options.ts', 'ClientContainerOptions'),
    ...docstrings('packages/client/src/handshake-settings.ts', 'HandshakeSettings'),
  },
  connect: {
    ...docstrings('packages/client/src/function-endpoint.ts', 'SessionHandlers'),
    ...docstrings('packages/client/src/connect-options.ts', 'HandlerConnectOptions'),
    ...docstrings('packages/client/src/connect-options.ts', 'EndpointConnectOptions'),
    ...docstrings('packages/client/src/connect-options.ts', 'CommonConnectOptions'),
  },
  reconnect: docstrings('packages/client/src/reconnect-policy.ts', 'ReconnectOptions'),
  retryAfter: docstrings('packages/client/src/retry.ts', 'RetryAfterOptions'),
  proxy: docstrings('packages/client/src/proxy.ts', 'ProxyOptions'),
};

/** The guides, relative to docs/reference. */
const GUIDES = {
  compatibility: '../guides/differences-from-tomcat.md#a-profile',
  initParameters: 'settings.md',
  logger: '../guides/errors.md#log',
  perMessageDeflate: '../guides/compression.md',
  sharedReads: '../internals/decisions/0015-native-engine.md',
  engine: '../guides/sessions.md#over-ws',
  allowedOrigins: '../guides/configurator.md#origin',
  allowedHosts: '../guides/configurator.md#dns-rebinding',
  trustProxy: '../guides/reverse-proxies.md#the-clients-address',
  routeUpgrades: '../guides/hosts.md#routes',
  handshakeMiddleware: '../guides/users-and-security.md#express-middleware',
  securityConstraints: '../guides/users-and-security.md#security-constraints',
  httpSessionCheckInterval: '../guides/users-and-security.md#the-end-of-a-login',
  authenticate: '../guides/configurator.md#authentication',
  instanceFactory: '../guides/injection.md',
  maxConnections: '../guides/limits.md#connections',
  rateLimits: '../guides/limits.md#rates',
  onStop: '../guides/operation.md#before-and-after',
  onStart: '../guides/operation.md#before-and-after',
  connectionLimitAction: '../guides/limits.md#refuse-or-close',
  port: '../guides/hosts.md#a-unix-domain-socket',
  scan: '../guides/scanning.md',
  http2: '../guides/hosts.md#http2',
  credentials: '../guides/client-network.md#authentication',
  proxy: '../guides/client-network.md#proxies',
  retryAfter: '../guides/client-network.md#servers-that-ask-you-to-wait',
  reconnect: '../guides/client-reconnecting.md',
  sockJs: '../guides/client-sockjs.md',
  grace: '../guides/shutdown.md',
};

const line = (...cells) => `| ${cells.join(' | ')} |`;
const heading = (...titles) => [line(...titles), line(...titles.map(() => '---'))];
const code = (text) => `\`${text}\``;
const without = (table, ...others) =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !others.some((other) => name in other)));

const { maxFragments, sharedReads } = protocol.ENGINE_OPTIONS;
const everyContainer = { ...without(CONTAINER_OPTIONS, SETTINGS), maxFragments, sharedReads };
const serverContainer = without(server.SERVER_CONTAINER_OPTIONS, SETTINGS, everyContainer);
const clientContainer = without(client.CLIENT_CONTAINER_OPTIONS, SETTINGS, everyContainer);
const ofConnect = without(client.CONNECT_OPTIONS, client.CLIENT_CONTAINER_OPTIONS);

const TABLES = {
  settings: settingsTable(),
  'without-effect': [
    ...heading('Name', 'Why'),
    ...[...WITHOUT_EFFECT].map(([name, why]) => line(code(name), why)),
  ].join('\n'),
  'every-container': optionsTable(everyContainer, MEANINGS.container),
  'server-container': optionsTable(serverContainer, { ...MEANINGS.container, ...MEANINGS.serverContainer }),
  server: optionsTable(without(server.SERVER_OPTIONS, server.SERVER_CONTAINER_OPTIONS), MEANINGS.server),
  'client-container': nestedTable(clientContainer, MEANINGS.clientContainer, 'retryAfter', 'proxy'),
  connect: nestedTable(ofConnect, MEANINGS.connect, 'reconnect'),
  perMessageDeflate: optionsTable(protocol.PER_MESSAGE_DEFLATE_OPTIONS, MEANINGS.perMessageDeflate),
  stop: optionsTable(server.SERVER_STOP_OPTIONS, MEANINGS.stop),
};

const isCheck = process.argv.includes('--check');
for (const page of ['settings.md', 'options.md']) {
  const file = new URL(`docs/reference/${page}`, ROOT);
  const found = readFileSync(file, 'utf8');
  const expected = found.replace(
    /(<!-- table: ([\w-]+)[^>]*-->\n\n)[^]*?(\n\n<!-- end of table -->)/g,
    (_whole, ...groups) => [groups[0], tableNamed(groups[1]), groups[2]].join(''),
  );
  if (found === expected) continue;
  if (!isCheck) writeFileSync(file, expected);
  else {
    console.error(`docs/reference/${page} is not what the options tables say; run: npm run docs`);
    process.exitCode = 1;
  }
}

function tableNamed(name) {
  if (TABLES[name] === undefined) throw new Error(`docs/reference has a table ${name} that nothing makes`);
  return TABLES[name];
}

function settingsTable() {
  const rows = Object.entries(SETTINGS).map(([name, row]) => {
    const { tomcat, userProperty, profiles = {} } = row;
    const otherName =
      tomcat !== undefined
        ? `${code(tomcat.name)} (${tomcat.place})`
        : userProperty !== undefined
          ? `${code(userProperty)} (user property, not Tomcat's)`
          : '';
    const named = Object.entries(profiles).map(([profile, value]) => `${code(String(value))} (${profile.slice(7)})`);
    const values = new Set(Object.values(profiles));
    const inProfiles =
      named.length === COMPATIBILITIES.length && values.size === 1 ? code(String([...values][0])) : named.join(', ');
    const { meaning, byDefault } = explained(name, row, MEANINGS.settings);
    return line(code(name), byDefault, row.expected, meaning, otherName, inProfiles);
  });
  return [...heading('Option', 'Default', 'Values', 'Meaning', "Tomcat's name", 'With `compatibility`'), ...rows].join(
    '\n',
  );
}

function optionsTable(table, meanings, prefix = '') {
  return [...heading('option', 'default', 'values', 'meaning'), ...optionRows(table, meanings, prefix)].join('\n');
}

/** With the rows of the options that are objects of options themselves. */
function nestedTable(table, meanings, ...nested) {
  const rows = optionRows(table, meanings, '');
  const inner = nested.flatMap((name) => optionRows(table[name].table, MEANINGS[name], `${name}.`));
  return [...heading('option', 'default', 'values', 'meaning'), ...rows, ...inner].join('\n');
}

function optionRows(table, meanings, prefix) {
  return Object.entries(table).map(([name, row]) => {
    const { meaning, byDefault } = explained(name, row, meanings);
    const tomcat = row.tomcat === undefined ? '' : ` Tomcat's ${row.tomcat.place}: ${code(row.tomcat.name)}.`;
    const guide = prefix === '' && GUIDES[name] !== undefined ? ` ([more](${GUIDES[name]}))` : '';
    return line(code(prefix + name), byDefault, row.expected, meaning + tomcat + guide);
  });
}

/** The meaning and the default of an option. Its docstring ends with the default, which must be that of its row. */
function explained(name, row, meanings) {
  const text = meanings[name];
  if (text === undefined) throw new Error(`${name} has no docstring`);
  const [, meaning, colon, said] = /^(.*?)(?:\s*Default(:?) ([^]*)\.)?$/.exec(text);
  const isPlain = ['string', 'number', 'boolean'].includes(typeof row.default);
  if (isPlain) {
    const shown = typeof row.default === 'string' ? `'${row.default}'` : String(row.default);
    if (colon !== '' || said?.replaceAll('`', '') !== shown)
      throw new Error(`The docstring of ${name} does not end with its default: Default ${shown}.`);
    return { meaning, byDefault: code(shown) };
  }
  return { meaning, byDefault: said ?? 'none' };
}

/** The docstrings of an interface's members, each as one line. */
function docstrings(path, name) {
  const file = fileURLToPath(new URL(path, ROOT));
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
  if (found === undefined) throw new Error(`${path} declares no interface ${name}`);
  return Object.fromEntries(
    found.members.flatMap((member) => {
      const [doc] = ts.getJSDocCommentsAndTags(member);
      if (doc === undefined) return [];
      const text = ts.getTextOfJSDocComment(doc.comment) ?? '';
      return [
        [
          member.name.text,
          text
            .replace(/\s+/g, ' ')
            .replace(/\{@link ([^}]*)\}/g, '`$1`')
            .replaceAll('|', '\\|'),
        ],
      ];
    }),
  );
}
