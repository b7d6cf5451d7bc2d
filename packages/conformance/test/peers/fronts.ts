import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PeerCommand } from './peer-process';

/** How one kind of front server is started. */
export interface Front {
  readonly program: string;
  /** A file beside the program that it needs, of another package. */
  readonly module?: string;
  /** The packages of Debian that have them. */
  readonly debian: string;
  /** Writes what it reads. @param configuration as a guide would show it */
  readonly prepare: (folder: string, configuration: string, port: number) => Promise<FrontCommand>;
}

type FrontCommand = Pick<PeerCommand, 'args'> & Partial<Pick<PeerCommand, 'stopSignal' | 'env'>>;

export type FrontName =
  'apache' | 'caddy' | 'h2o' | 'haproxy' | 'lighttpd' | 'nghttpx' | 'nginx' | 'squid' | 'trafficserver' | 'varnish';

/** Each runs in the foreground, and writes to its folder only. Started by root, some become another user. */
export const FRONTS: Readonly<Record<FrontName, Front>> = {
  nginx: {
    program: 'nginx',
    debian: 'nginx-light',
    /** The configuration is what stands in the `http` block. */
    async prepare(folder, configuration) {
      await mkdir(join(folder, 'temp'));
      await writeFile(join(folder, 'nginx.conf'), aroundHttp(configuration));
      // -e: before it has read its configuration it would log to a file of the system.
      return { args: ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'] };
    },
  },

  haproxy: {
    program: 'haproxy',
    debian: 'haproxy',
    prepare: async (folder, configuration) => ({
      args: ['-db', '-f', await written(folder, 'haproxy.cfg', `${configuration}\n`)],
    }),
  },

  apache: {
    program: 'apache2',
    debian: 'apache2',
    prepare: async (folder, configuration) => ({
      args: ['-X', '-f', await written(folder, 'apache2.conf', aroundSite(folder, configuration))],
      // One process (-X), which is ended at once: SIGTERM leaves it ten seconds for what is open.
      stopSignal: 'SIGKILL',
    }),
  },

  caddy: {
    program: 'caddy',
    debian: 'caddy',
    prepare: async (folder, configuration) => ({
      args: [
        'run',
        '--adapter',
        'caddyfile',
        '--config',
        await written(folder, 'Caddyfile', aroundSites(folder, configuration)),
      ],
      env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    }),
  },

  varnish: {
    program: 'varnishd',
    debian: 'varnish',
    async prepare(folder, configuration, port) {
      // A comment in its configuration says with which parameters it wants to be started.
      const parameters = [...configuration.matchAll(/^# varnishd .*-p (\S+)/gm)].flatMap(([, pair = '']) => [
        '-p',
        pair,
      ]);
      const file = await written(folder, 'default.vcl', configuration);
      const place = ['-n', join(folder, 'work'), '-s', 'malloc,16m', '-j', 'none'];
      return { args: ['-F', '-f', file, '-a', `127.0.0.1:${port}`, ...place, ...parameters] };
    },
  },

  lighttpd: {
    program: 'lighttpd',
    module: '/usr/lib/lighttpd/mod_openssl.so',
    debian: 'lighttpd lighttpd-mod-openssl',
    prepare: async (folder, configuration) => ({
      args: [
        '-D',
        '-f',
        await written(
          folder,
          'lighttpd.conf',
          `server.modules = ()\nserver.document-root = "${folder}"\n${configuration}`,
        ),
      ],
      // SIGINT and SIGTERM leave open connections some seconds.
      stopSignal: 'SIGKILL',
    }),
  },

  nghttpx: {
    program: 'nghttpx',
    debian: 'nghttp2-proxy',
    prepare: async (folder, configuration) => ({
      args: [
        `--conf=${await written(folder, 'nghttpx.conf', configuration)}`,
        '--workers=1',
        '--single-process',
        '--errorlog-file=/dev/stderr',
      ],
      // It waits a second for nothing on SIGTERM.
      stopSignal: 'SIGKILL',
    }),
  },

  squid: {
    program: 'squid',
    debian: 'squid',
    async prepare(folder, configuration) {
      await chmod(folder, 0o755);
      const own =
        'visible_hostname localhost\npid_filename none\ncache_log /dev/null\naccess_log none\npinger_enable off\n';
      const file = await written(folder, 'squid.conf', `${own}${configuration}`);
      // It waits a second for nothing on SIGTERM.
      return { args: ['-N', '-d', '1', '-f', file], stopSignal: 'SIGKILL' };
    },
  },

  h2o: {
    program: 'h2o',
    debian: 'h2o',
    prepare: async (folder, configuration) => ({
      args: ['-c', await written(folder, 'h2o.yaml', configuration)],
      stopSignal: 'SIGKILL',
    }),
  },

  trafficserver: {
    program: 'traffic_server',
    debian: 'trafficserver',
    async prepare(folder, configuration) {
      await chmod(folder, 0o755);
      for (const name of ['etc', 'run', 'log', 'cache']) {
        await mkdir(join(folder, name));
        await chmod(join(folder, name), 0o777);
      }
      await writeFile(join(folder, 'runroot.yaml'), runroot(folder));
      await copyFile('/etc/trafficserver/ip_allow.yaml', join(folder, 'etc/ip_allow.yaml'));
      await writeFile(join(folder, 'etc/storage.config'), `${folder}/cache 16M\n`);
      for (const [name, text] of filesIn(configuration)) await writeFile(join(folder, 'etc', name), text);
      return { args: [`--run-root=${folder}`], stopSignal: 'SIGKILL' };
    },
  },
};

async function written(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

function aroundHttp(http: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp/${name};`);
  return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${paths.join('\n  ')}
${http}
}
`;
}

const APACHE_MODULES = ['mpm_event', 'authz_core', 'headers', 'http2', 'proxy', 'proxy_http', 'socache_shmcb', 'ssl'];

function aroundSite(folder: string, site: string): string {
  return `ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache2.pid
ErrorLog ${folder}/error.log
User www-data
Group www-data
${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${site}
`;
}

/** Without a port for administration, and without a certificate authority. */
function aroundSites(folder: string, sites: string): string {
  return `{
  admin off
  auto_https off
  skip_install_trust
  storage file_system ${folder}
}
${sites}
`;
}

/** The paths of Traffic Server's programs and of everything else. */
function runroot(folder: string): string {
  const system = {
    exec_prefix: '/usr',
    bindir: '/usr/bin',
    sbindir: '/usr/sbin',
    includedir: '/usr/include',
    libdir: '/usr/lib',
  };
  const own = {
    sysconfdir: 'etc',
    datadir: 'cache',
    localstatedir: '',
    runtimedir: 'run',
    logdir: 'log',
    cachedir: 'cache',
  };
  return [
    `prefix: ${folder}`,
    ...Object.entries(system).map(([name, path]) => `${name}: ${path}`),
    'libexecdir: /usr/lib/trafficserver/modules',
    ...Object.entries(own).map(([name, path]) => `${name}: ${join(folder, path)}`),
    '',
  ].join('\n');
}

/** A configuration of several files, each below a comment with its name: `# remap.config`. */
function filesIn(configuration: string): [name: string, text: string][] {
  const parts = configuration.split(/^# ([a-z_]+\.config)$/m).slice(1);
  const files: [string, string][] = [];
  for (let index = 0; index < parts.length; index += 2) files.push([parts[index] ?? '', parts[index + 1] ?? '']);
  const own = `CONFIG proxy.config.admin.user_id STRING trafficserver
CONFIG proxy.config.crash_log_helper STRING NULL
CONFIG proxy.config.http.cache.http INT 0
`;
  return files.map(([name, text]) => [name, name === 'records.config' ? `${own}${text}` : text]);
}
