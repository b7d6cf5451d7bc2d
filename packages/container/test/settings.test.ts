import { DeploymentException } from '@serval/api';
import { nearestName } from '@serval/api/spi';
import { resolveSettings, WITHOUT_EFFECT, type SettingOptions } from '../src/setting-sources';
import { SETTINGS, type SettingName } from '../src/settings';

const P = 'org.apache.tomcat.websocket.';

function resolve(options: SettingOptions): { settings: ReturnType<typeof resolveSettings>; warned: string[] } {
  const warned: string[] = [];
  return { settings: resolveSettings(options, (message) => warned.push(message)), warned };
}

test('without options, every setting has the default of its row, and every default is valid', () => {
  const { settings, warned } = resolve({});
  expect(warned).toEqual([]);
  for (const [name, { default: value }] of Object.entries(SETTINGS)) expect(settings[name as SettingName]).toBe(value);
  expect(resolve(settings).settings).toEqual(settings);
});

test('accepts Tomcat’s names as init parameters, as numbers or numeric strings', () => {
  const { settings, warned } = resolve({
    initParameters: {
      [`${P}textBufferSize`]: '16384',
      [`${P}binaryBufferSize`]: 32768,
      [`${P}BLOCKING_SEND_TIMEOUT`]: ' 100 ',
      [`${P}READ_IDLE_TIMEOUT_MS`]: 5000n,
      [`${P}noAddAfterHandshake`]: 'true',
    },
  });
  expect(settings).toMatchObject({
    textBufferSize: 16384,
    binaryBufferSize: 32768,
    blockingSendTimeout: 100,
    readIdleTimeout: 5000,
    noAddAfterHandshake: true,
  });
  expect(warned).toEqual([]);
});

test('a typed option overrides an init parameter, which overrides DEFAULT_BUFFER_SIZE', () => {
  const initParameters = { [`${P}textBufferSize`]: 2, [`${P}DEFAULT_BUFFER_SIZE`]: '3' };
  expect(resolve({ initParameters }).settings).toMatchObject({
    textBufferSize: 2,
    binaryBufferSize: 3,
    streamBufferSize: 3,
  });
  expect(resolve({ initParameters, textBufferSize: 1 }).settings.textBufferSize).toBe(1);
});

test.each([
  [{}, false],
  [{ [`${P}STRICT_SPEC_COMPLIANCE`]: 'true' }, true],
  [{ [`${P}STRICT_SPEC_COMPLIANCE`]: true, [`${P}noAddAfterHandshake`]: 'false' }, false],
  [{ [`${P}STRICT_SPEC_COMPLIANCE`]: 'false', [`${P}noAddAfterHandshake`]: true }, true],
])('with %j, noAddAfterHandshake is %s: an explicit value wins', (initParameters, expected) => {
  expect(resolve({ initParameters }).settings.noAddAfterHandshake).toBe(expected);
});

describe.each(Object.entries(SETTINGS))('%s', (name, { expected, textOf, min = 0, max = 0, tomcat, userProperty }) => {
  const wrong: unknown[] =
    textOf === 'number'
      ? [min - 1, max + 1, 1.5, NaN, 'many', '', '1e3', {}, null, true, [], Symbol('s'), Object.create(null)]
      : textOf === 'boolean'
        ? ['yes', 1, null]
        : ['else', 1, null];

  test.each(wrong)('refuses %p, and names the expected value', (value) => {
    const attempt = (): unknown => resolve({ [name]: value });
    expect(attempt).toThrow(DeploymentException);
    expect(attempt).toThrow(`${name} is ${expected}; found `);
  });

  test.each(textOf === 'number' ? ['5', 5n] : ['true', 'TRUE'])('refuses %p, which has the wrong type', (value) => {
    expect(() => resolve({ [name]: value })).toThrow(`${name} is ${expected}; found `);
  });

  const otherName = tomcat?.name ?? userProperty;
  if (otherName !== undefined) {
    test('refuses the same values under its other name, and names it', () => {
      for (const value of wrong) {
        if (value === null) continue;
        expect(() => resolve({ initParameters: { [otherName]: value } })).toThrow(`${otherName} is `);
      }
    });
  }
});

test('warns about an unknown init parameter with the nearest name, and about a meaningless one with the reason', () => {
  const { warned } = resolve({
    initParameters: { [`${P}textBuferSize`]: 1, [`${P}executorCoreSize`]: 5, 'something.else': 1 },
  });
  expect(warned).toEqual([
    `initParameters: ${P}textBuferSize is not a setting; did you mean ${P}textBufferSize?`,
    `initParameters: ${P}executorCoreSize has no effect: there are no threads to pool.`,
    'initParameters: something.else is not a setting',
  ]);
  expect(WITHOUT_EFFECT.size).toBeGreaterThan(5);
});

test('nearestName finds typing errors only', () => {
  const known = ['textBufferSize', 'binaryBufferSize', 'concurrentSends'];
  expect(nearestName('textbuffersize', known)).toBe('textBufferSize');
  expect(nearestName('binaryBuferSise', known)).toBe('binaryBufferSize');
  expect(nearestName('prot', ['port', 'host'])).toBe('port');
  expect(nearestName('port', known)).toBeUndefined();
  expect(nearestName('', known)).toBeUndefined();
});
