import { readSignature } from '../src/signature';

test.each<[string, readonly string[]]>([
  ['say() {}', []],
  ['say(text, session) {}', ['plain', 'plain']],
  ['async say(text) {}', ['plain']],
  ['*say(text) {}', ['plain']],
  ['async *say(text, ) {}', ['plain']],
  ["say(text = '') {}", ['default']],
  ["say(text = ')', session) {}", ['default', 'plain']],
  ['say(text = f(1, [2, 3], { a: 4 }), ...rest) {}', ['default', 'rest']],
  ['say(...parts) {}', ['rest']],
  ['say({ a = 1, b }, [c, ...d] = [], e) {}', ['plain', 'default', 'plain']],
  ['say(text = `${[1, 2].join()},`, b) {}', ['default', 'plain']],
  ['say(/* (a, b) = */ text /* = 1 */, // ,\n session) {}', ['plain', 'plain']],
  ['say(text = (a, ...b) => b, c) {}', ['default', 'plain']],
  ['say(text = a.b["c"], d) {}', ['default', 'plain']],
])('%s', (source, forms) => {
  const prototype = (0, eval)(`(class { ${source} }).prototype`) as object;
  expect(readSignature(prototype, 'say')).toEqual(forms);
});

describe('the signature is unknown', () => {
  const KEY = Symbol('key');
  class Other {
    [KEY](_text: string): void {}
  }

  test.each<[string, object, string | symbol]>([
    ['of a function that replaces the method', { say: (...args: unknown[]) => args }, 'say'],
    [
      'of a function of another name',
      {
        say: function other(a: unknown, b: unknown): void {
          void [a, b];
        },
      },
      'say',
    ],
    ['of a native function', { bind: Function.prototype.bind }, 'bind2'],
    ['of a bound function', { say: (() => undefined).bind(undefined) }, 'say'],
    ['of a method by a symbol', Other.prototype, KEY],
    ['of a getter', Object.defineProperty({}, 'say', { get: () => () => undefined }), 'say'],
    ['of a missing method', {}, 'say'],
  ])('%s', (_title, prototype, name) => {
    expect(readSignature(prototype, name)).toBeUndefined();
  });
});
