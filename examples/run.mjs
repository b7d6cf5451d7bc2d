// `npm run example -- echo` starts an example, `npm run example -- echo client` talks to it.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [name = '', program = 'server', ...rest] = process.argv.slice(2);
const names = foldersIn('.').flatMap((folder) =>
  hasProgram(folder, 'server')
    ? [folder]
    : foldersIn(folder)
        .map((inner) => `${folder}/${inner}`)
        .filter((nested) => hasProgram(nested, 'server')),
);

if (!names.includes(name) || !['server', 'client'].includes(program) || !hasProgram(name, program)) {
  console.error('Usage: npm run example -- <name>           starts its server on PORT, default 8080');
  console.error('       npm run example -- <name> client    talks to that server');
  for (const known of names) console.error(`  ${known}${hasProgram(known, 'client') ? '' : ' (open it in a browser)'}`);
  process.exitCode = 1;
} else {
  const file = fileURLToPath(new URL(`dist/${name}/${program}.js`, import.meta.url));
  const child = spawn(process.execPath, [file, ...rest], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => (process.exitCode = code ?? 1));
}

function foldersIn(folder) {
  const entries = readdirSync(new URL(folder, import.meta.url), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !['dist', 'node_modules'].includes(entry.name));
  return folders.map((entry) => entry.name).sort();
}

function hasProgram(name, program) {
  return existsSync(new URL(`${name}/${program}.ts`, import.meta.url));
}
