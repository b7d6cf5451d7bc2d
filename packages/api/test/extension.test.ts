import { createExtension } from '@serval/api';

const valuesOf = (extension: ReturnType<typeof createExtension>): string[][] =>
  extension.getParameters().map((parameter) => [parameter.getName(), parameter.getValue()]);

describe('createExtension', () => {
  test('has a name, and no parameters by default', () => {
    const extension = createExtension('permessage-deflate');
    expect(extension.getName()).toBe('permessage-deflate');
    expect(extension.getParameters()).toEqual([]);
  });

  test('keeps parameters in order, including repeated ones and those without a value', () => {
    const parameters = [
      ['server_no_context_takeover', ''],
      ['client_max_window_bits', '12'],
      ['client_max_window_bits', '10'],
    ] as const;
    expect(valuesOf(createExtension('permessage-deflate', parameters))).toEqual(parameters);
  });

  test('accepts any iterable, such as a Map', () => {
    expect(valuesOf(createExtension('x-trace', new Map([['level', '3']])))).toEqual([['level', '3']]);
  });

  test('copies its parameters, so later changes have no effect', () => {
    const parameters: [string, string][] = [['level', '3']];
    const extension = createExtension('x-trace', parameters);
    parameters[0]![1] = '4';
    parameters.push(['more', '']);
    expect(valuesOf(extension)).toEqual([['level', '3']]);
    expect(Object.isFrozen(extension.getParameters())).toBe(true);
  });
});
