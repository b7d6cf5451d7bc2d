// `npm run check:package`: what users install, as publint and attw see it, and its API beside the reports in packages/serval/api.
// `npm run api` writes the reports. A difference in a report is a difference for users: review it, and add it to CHANGELOG.md.
import { checkPackage, Package } from '@arethetypeswrong/core';
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { stagePackage } from './stage-package.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// Below the root, so that the types of Node are found; in no node_modules, where everything counts as foreign.
const FOLDER = join(ROOT, 'packed', 'checked', 'serval');
const REPORTS = join(ROOT, 'packages', 'serval', 'api');

const writesReports = process.argv.includes('--update');
const manifest = stagePackage(FOLDER);
const problems = [...(await publintProblems()), ...(await typeProblems()), ...reportProblems()];
for (const problem of problems) console.error(`check:package: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;

async function publintProblems() {
  const { messages } = await publint({ pkgDir: FOLDER, pack: false, strict: true, level: 'suggestion' });
  return messages.map((message) => `publint: ${formatMessage(message, manifest, { color: false })}`);
}

/** Whether every kind of module resolution finds code and types that fit each other. */
async function typeProblems() {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const contents = files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [`/node_modules/serval${path.slice(FOLDER.length).replaceAll('\\', '/')}`, readFileSync(path, 'utf8')];
  });
  const { problems } = await checkPackage(new Package(Object.fromEntries(contents), manifest.name, manifest.version));
  return problems.map((problem) => `attw: ${JSON.stringify(problem)}`);
}

function reportProblems() {
  const configs = new Map(
    Object.entries(manifest.exports)
      .filter(([subpath]) => subpath !== './package.json')
      .map(([subpath, entry]) => {
        const name = subpath === '.' ? 'serval' : subpath.slice(2);
        const file = typeof entry === 'string' ? entry : entry.default;
        return [name, configOf(name, join(FOLDER, file.replace(/\.js$/, '.d.ts')))];
      }),
  );
  // One program for all of them.
  const [first, ...others] = configs.values();
  const additionalEntryPoints = others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath);
  const compilerState = CompilerState.create(first, { additionalEntryPoints });
  return [...configs].flatMap(([name, config]) => {
    const options = { compilerState, localBuild: writesReports, messageCallback: show };
    const { succeeded, apiReportChanged } = Extractor.invoke(config, options);
    if (!succeeded && !apiReportChanged) return [`the API of ${name} could not be read; see above`];
    return apiReportChanged && !writesReports
      ? [`the API differs from packages/serval/api/${name}.api.md; "npm run api" updates it`]
      : [];
  });
}

function configOf(name, entry) {
  const silent = { default: { logLevel: 'none' } };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: FOLDER,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: { target: 'ES2022', module: 'Node16', strict: true, types: ['node'], skipLibCheck: true },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: REPORTS,
        reportTempFolder: join(FOLDER, '..', 'serval-api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
        compilerMessageReporting: { default: { logLevel: 'error' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(FOLDER, 'package.json'),
  });
}

/** Errors alone: a changed report has a message of ours. */
function show(message) {
  if (message.logLevel === 'error') console.error(message.text);
  message.handled = true;
}
