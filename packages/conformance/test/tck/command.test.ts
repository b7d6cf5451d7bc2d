import { parseArguments } from './arguments';
import { JavaName, javaName, JavaPackage } from './java-names';

test.each([
  [[], { kind: 'run', port: 18_080 }],
  [['--port', '9000'], { kind: 'run', port: 9000 }],
  [['--port=0'], { kind: 'run', port: 0 }],
  [['--port', '1', '--help'], { kind: 'help' }],
])('the command accepts %j', (words, expected) => {
  expect(parseArguments(words)).toEqual(expected);
});

test.each([[['--port']], [['--port', 'x']], [['--port', '65536']], [['--port=-1']], [['--prot', '1']], [['1']]])(
  'the command does not take %j',
  (words) => {
    const parsed = parseArguments(words);
    expect(parsed.kind).toBe('mistake');
    expect(JSON.stringify(parsed)).not.toContain('\\n'); // one line
  },
);

test('a class has its given Java name, and no other', () => {
  @JavaPackage('ee.coder')
  class Coder {}
  @JavaName('java.util.LinkedList')
  class List {}
  class Subclass extends List {}

  expect(javaName(Coder)).toBe('ee.jakarta.tck.websocket.ee.coder.Coder');
  expect(javaName(List)).toBe('java.util.LinkedList');
  expect(javaName(String)).toBe('java.lang.String');
  expect(() => javaName(Subclass)).toThrow('Subclass');
});
