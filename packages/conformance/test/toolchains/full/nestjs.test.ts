import { join } from 'node:path';
import { ROOT, runTool } from '../tool';

const TOOLS = join(ROOT, 'packages/conformance/test/toolchains/tools');

test('serval/nestjs injects providers of the application and of the session, and destroys each instance once', async () => {
  const { code, output } = await runTool(process.execPath, ['nestjs.mjs'], { cwd: TOOLS });
  expect(output.trim().split('\n')).toEqual([
    'cart 1, a, true?',
    'cart 1 closed',
    'cart 1 destroyed',
    'cart 2, b, true?',
    'cart 2 closed',
    'cart 2 destroyed',
    'refused: true',
    'catalogue destroyed',
  ]);
  expect(code).toBe(0);
});
