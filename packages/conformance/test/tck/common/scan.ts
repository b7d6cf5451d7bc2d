import { extname, join } from 'node:path';
import type { ServerContainer } from 'serval';

const APPLICATIONS = join(__dirname, '../applications');

/**
 * Deploys what the modules below `applications` choose, as a WAR file is scanned.
 *
 * @param modules paths without extension, `*` for all modules of a folder: `ee-coder/*`
 */
export async function scan(container: ServerContainer, ...modules: readonly string[]): Promise<void> {
  // Compiled modules, or their sources where those are what runs.
  const extension = extname(__filename);
  await container.scan(
    modules.map((module) => `${module}${extension}`),
    APPLICATIONS,
  );
}
