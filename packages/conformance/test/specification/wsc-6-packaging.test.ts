import { join } from 'node:path';
import { type Server } from 'serval';
import { overBothEngines } from '../application';
import { asked } from './fixtures/chosen/configs';
import { Annotated, LeftOut, Programmatic } from './fixtures/scanned/endpoints';

// Chapter 6: a scan of modules takes the place of the scan of a WAR file.

const scanned = (...folders: readonly string[]): string[] =>
  folders.map((folder) => join(__dirname, 'fixtures', folder, '*.ts'));

const deployedPaths = ({ container }: Server): string[] =>
  ['/annotated', '/left-out', '/one', '/two'].filter((path) => container.match(path) !== undefined);

overBothEngines((application) => {
  beforeEach(() => asked.splice(0));

  test('[WSC-6.2-1] instead of the servlet archive scan, a scan of modules finds the annotated endpoints', async () => {
    const server = await application().start([], { scan: scanned('scanned') });
    expect(deployedPaths(server)).toEqual(['/annotated', '/left-out']);
    expect(await (await application().connect('/annotated')).say('hello').next()).toBe('text annotated hello');
  });

  test('[WSC-6.2-2] [WSC-6.2-4] a scan creates each ServerApplicationConfig once and passes it everything that it found', async () => {
    await application().start([], { scan: scanned('scanned', 'chosen') });
    expect([...asked].sort()).toEqual([
      'ChoosesAnnotated is made',
      'ChoosesAnnotated, annotated: Annotated LeftOut',
      'ChoosesAnnotated, programmatic: Programmatic',
      'ChoosesProgrammatic is made',
      'ChoosesProgrammatic, annotated: Annotated LeftOut',
      'ChoosesProgrammatic, programmatic: Programmatic',
    ]);
  });

  test('[JAVADOC:182] deploys the annotated classes that getAnnotatedEndpointClasses returns', async () => {
    const server = await application().start([], { scan: scanned('scanned', 'chosen') });
    expect(deployedPaths(server)).not.toContain('/left-out');
    expect(server.container.match('/annotated')?.target.config.getEndpointClass()).toBe(Annotated);
    expect(asked).toContain(`ChoosesAnnotated, annotated: ${Annotated.name} ${LeftOut.name}`);
    expect(await (await application().connect('/annotated')).say('hello').next()).toBe('text annotated hello');
  });

  test('[JAVADOC:183] the configurations that getEndpointConfigs returns deploy the programmatic classes found', async () => {
    const server = await application().start([], { scan: scanned('scanned', 'chosen') });
    expect(deployedPaths(server)).toEqual(['/annotated', '/one', '/two']);
    expect(server.container.match('/two')?.target.config.getEndpointClass()).toBe(Programmatic);
    for (const path of ['/one', '/two'])
      expect(await (await application().connect(path)).say('hello').next()).toBe('text programmatic hello');
  });
});
