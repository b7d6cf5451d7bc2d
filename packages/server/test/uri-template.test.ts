import { DeploymentException } from '@serval/api';
import { UriTemplate } from '../src/uri-template';

const parse = (path: unknown): UriTemplate => UriTemplate.parse(path, 'Chat');

function deploymentError(path: unknown): DeploymentException {
  try {
    parse(path);
  } catch (error) {
    expect(error).toBeInstanceOf(DeploymentException);
    return error as DeploymentException;
  }
  throw new Error(`${String(path)} was accepted`);
}

describe('a well-formed path', () => {
  test.each([
    ['/', [{ kind: 'literal', text: '' }]],
    ['/chat', [{ kind: 'literal', text: 'chat' }]],
    [
      '/chat/',
      [
        { kind: 'literal', text: 'chat' },
        { kind: 'literal', text: '' },
      ],
    ],
    ['/{room}', [{ kind: 'variable', name: 'room' }]],
    [
      '/chat/{room}/{user}',
      [
        { kind: 'literal', text: 'chat' },
        { kind: 'variable', name: 'room' },
        { kind: 'variable', name: 'user' },
      ],
    ],
  ])('[WSC-4.1.1-2] %s is read segment by segment', (path, segments) => {
    expect(parse(path).segments).toEqual(segments);
    expect(parse(path).path).toBe(path);
  });

  test('the variables are listed from left to right', () => {
    expect(parse('/{b}/x/{a}').variables).toEqual(['b', 'a']);
    expect(parse('/x').variables).toEqual([]);
  });

  test('<room> means {room}, and the two can be mixed', () => {
    expect(parse('/chat/<room>').segments).toEqual(parse('/chat/{room}').segments);
    expect(parse('/chat/<room>/{user}').path).toBe('/chat/{room}/{user}');
  });

  test.each(['guest-id', 'room.name', 'ROOM', 'r2_d2', '_', '0', '__proto__', 'constructor', 'toString'])(
    'a variable can be called %s',
    (name) => {
      expect(parse(`/{${name}}`).variables).toEqual([name]);
    },
  );

  test.each([
    '__proto__',
    'constructor',
    '~me',
    '|',
    'été',
    '日本',
    'a;v=1',
    'a,b',
    'a=b',
    '@me',
    '...',
    'a*',
    '$1',
    'a:b',
    'a[1]',
  ])('a segment can be the text %s', (text) => {
    expect(parse(`/${text}`).segments).toEqual([{ kind: 'literal', text }]);
  });

  test('a literal is percent-decoded after the split, so that an encoded slash or brace is text', () => {
    expect(parse('/a%2Fb/caf%C3%A9/%7Broom%7D/50%25').segments).toEqual([
      { kind: 'literal', text: 'a/b' },
      { kind: 'literal', text: 'café' },
      { kind: 'literal', text: '{room}' },
      { kind: 'literal', text: '50%' },
    ]);
  });

  test.each(['/café', '/caf%C3%A9', '/a%2Fb', '/what%3F', '/no%23hash', '/%7Broom%7D/{room}', '/50%25', '/a%5Cb'])(
    'the path of %s stays as it was declared and can be parsed again',
    (path) => {
      const template = parse(path);
      expect(template.path).toBe(path);
      expect(parse(template.path).segments).toEqual(template.segments);
    },
  );
});

describe('a variable in another router’s syntax', () => {
  test.each([
    ['/chat/:room', '":room" is not a variable here; write "/chat/{room}", or "%3Aroom" for the text itself'],
    ['/:game/<id>/:seat?', '":game" is not a variable here; write "/{game}/<id>/{seat}", or'],
    ['/chat/:room/log', 'write "/chat/{room}/log"'],
    ['/chat/:room(\\d+)', null],
    ['/chat/[room]', '"[room]" is not a variable here; write "/chat/{room}", or "%5Broom%5D" for the text itself'],
    ['/chat/[...room]', 'write "/chat/{room}"'],
    ['/chat/[[...room]]', 'write "/chat/{room}"'],
    ['/chat/*', '"*" is not a wildcard here; write "/chat/{rest}", whose variable matches one segment'],
    ['/chat/**', '"**" is not a wildcard here'],
    ['/files/*path', '"*path" is not a wildcard here; write "/files/{path}", whose'],
  ])('is rejected in %s with the correct syntax', (path, why) => {
    expect(() => parse(path)).toThrow(expect.objectContaining({ code: 'WS_DEPLOY_BAD_PATH' }));
    if (why !== null) expect(() => parse(path)).toThrow(why);
  });

  test.each([
    ['/chat/%3Aroom', ':room'],
    ['/chat/%2A', '*'],
    ['/chat/%5Broom%5D', '[room]'],
    ['/chat/10:30', '10:30'],
    ['/chat/a*', 'a*'],
  ])('is literal text in %s', (path, text) => {
    expect(parse(path).segments[1]).toEqual({ kind: 'literal', text });
  });
});

describe('a malformed path', () => {
  test.each([
    [undefined, 'the path is missing'],
    [null, 'the path is missing'],
    [42, 'the path is missing'],
    ['', 'the path is missing'],
    ['chat', 'must begin with a slash'],
    ['{room}', 'must begin with a slash'],
    ['http://example.com/chat', 'must begin with a slash'],
    ['//', 'empty segment'],
    ['//chat', 'empty segment'],
    ['/chat//room', 'empty segment'],
    ['/chat//', 'empty segment'],
    ['/.', 'segment "."'],
    ['/./chat', 'segment "."'],
    ['/chat/..', 'segment ".."'],
    ['/a/../b', 'segment ".."'],
    ['/a/%2e%2E/b', 'segment "%2e%2E"'],
    ['/a/%2E', 'segment "%2E"'],
    ['/{}', 'not a level-1 variable'],
    ['/<>', 'not a level-1 variable'],
    ['/{ room }', 'not a level-1 variable'],
    ['/{+room}', 'not a level-1 variable'],
    ['/{#room}', 'not a level-1 variable'],
    ['/{/room}', 'must fill the whole segment'],
    ['/{?q}', 'not a level-1 variable'],
    ['/{room*}', 'not a level-1 variable'],
    ['/{room:3}', 'not a level-1 variable'],
    ['/{a,b}', 'not a level-1 variable'],
    ['/{a}{b}', 'not a level-1 variable'],
    ['/{größe}', 'not a level-1 variable'],
    ['/{a.}', 'not a level-1 variable'],
    ['/{{a}}', 'not a level-1 variable'],
    ['/x{a}', 'must fill the whole segment'],
    ['/{a}x', 'must fill the whole segment'],
    ['/x<a>', 'must fill the whole segment'],
    ['/{a', 'must fill the whole segment'],
    ['/a}', 'must fill the whole segment'],
    ['/{a>', 'must fill the whole segment'],
    ['/<a}', 'must fill the whole segment'],
    ['/{a}/{a}', 'it has the variable "a" twice'],
    ['/{a}/b/<a>', 'it has the variable "a" twice'],
    ['/chat?room=1', 'a character that a path cannot contain'],
    ['/chat#top', 'a character that a path cannot contain'],
    ['/my chat', 'a character that a path cannot contain'],
    ['/chat\n', 'a character that a path cannot contain'],
    ['/chat\\room', 'a character that a path cannot contain'],
    ['/%', 'not percent-encoded UTF-8'],
    ['/%zz', 'not percent-encoded UTF-8'],
    ['/%C3', 'not percent-encoded UTF-8'],
    ['/%C0%AF', 'not percent-encoded UTF-8'],
    ['/\ud800', 'not percent-encoded UTF-8'],
  ])('[WSC-4.1.1-3] %p is rejected: %s', (path, why) => {
    const error = deploymentError(path);
    expect(error.code).toBe('WS_DEPLOY_BAD_PATH');
    expect(error.message).toContain(why);
  });

  test('the message names the class and the path', () => {
    expect(deploymentError('/x{room}').message).toBe(
      'Chat cannot be deployed at "/x{room}": the variable in "x{room}" must fill the whole segment, from slash to slash (WSC-4.1.1).',
    );
  });

  test('checks a name of a hundred thousand characters in no time', () => {
    const started = process.cpuUsage().user;
    deploymentError(`/{${'a.'.repeat(50_000)}}`);
    deploymentError(`/{${'a'.repeat(100_000)}!}`);
    expect(process.cpuUsage().user - started).toBeLessThan(1_000_000);
  });
});
