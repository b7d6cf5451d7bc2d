import { DeploymentException } from '@serval/api';
import { EndpointRouter, type RouteMatch } from '../src/endpoint-router';
import { parseRequestTarget } from '../src/request-target';
import { UriTemplate } from '../src/uri-template';

function routerOf(...paths: readonly string[]): EndpointRouter<string> {
  const router = new EndpointRouter<string>();
  for (const path of paths) router.add(UriTemplate.parse(path, `Endpoint at ${path}`), `Endpoint at ${path}`, path);
  return router;
}

/** Routes a request for the target as the container does. */
function route(router: EndpointRouter<string>, target: string): RouteMatch<string> | undefined {
  const parsed = parseRequestTarget(target);
  return parsed && router.match(parsed.segments);
}

/** The result of a request in one line: the template, then the variables' values. */
function found(router: EndpointRouter<string>, target: string): string {
  const match = route(router, target);
  if (match === undefined) return 'no match';
  return [match.target, ...[...match.pathParameters].map(([name, value]) => `${name}=${value}`)].join(' ');
}

describe('[WSC-3.1.1-3] the examples of the specification', () => {
  test('/a/b/ matches /a/b/ only', () => {
    const router = routerOf('/a/b/');
    expect(found(router, '/a/b/')).toBe('/a/b/');
    for (const target of ['/a/b', '/a/b//', '/a', '/a/b/c']) expect(found(router, target)).toBe('no match');
  });

  test('/a/{var} matches one non-empty segment', () => {
    const router = routerOf('/a/{var}');
    expect(found(router, '/a/b')).toBe('/a/{var} var=b');
    expect(found(router, '/a/apple')).toBe('/a/{var} var=apple');
    for (const target of ['/a', '/a/', '/a/b/', '/a/b/c']) expect(found(router, target)).toBe('no match');
  });

  test('an exact match wins over variables, and an exact segment over a variable one', () => {
    const router = routerOf('/a/{var}/c', '/a/b/c', '/a/{var1}/{var2}');
    expect(found(router, '/a/b/c')).toBe('/a/b/c');
    expect(found(router, '/a/d/c')).toBe('/a/{var}/c var=d');
    expect(found(router, '/a/x/y')).toBe('/a/{var1}/{var2} var1=x var2=y');
  });

  test('matches from left to right', () => {
    expect(found(routerOf('/{var1}/d', '/b/{var2}'), '/b/d')).toBe('/b/{var2} var2=d');
    expect(found(routerOf('/b/{var2}', '/{var1}/d'), '/b/d')).toBe('/b/{var2} var2=d');
  });
});

describe('[WSC-3.1.1-3] the fourteen templates of the compatibility kit', () => {
  const TEMPLATES = [
    '/a',
    '/{a}',
    '/c/d',
    '/c/{d}',
    '/{c}/d',
    '/{c}/{d}',
    '/a/c/d',
    '/a/c/{d}',
    '/a/{c}/d',
    '/a/{c}/{d}',
    '/{a}/c/d',
    '/{a}/c/{d}',
    '/{a}/{c}/d',
    '/{a}/{c}/{d}',
  ];

  const EXPECTED: readonly (readonly [target: string, found: string])[] = [
    ['/a', '/a'],
    ['/b', '/{a} a=b'],
    ['/c/d', '/c/d'],
    ['/c/a', '/c/{d} d=a'],
    ['/a/d', '/{c}/d c=a'],
    ['/b/b', '/{c}/{d} c=b d=b'],
    ['/a/c/d', '/a/c/d'],
    ['/a/c/a', '/a/c/{d} d=a'],
    ['/a/b/d', '/a/{c}/d c=b'],
    ['/a/b/b', '/a/{c}/{d} c=b d=b'],
    ['/b/c/d', '/{a}/c/d a=b'],
    ['/b/c/b', '/{a}/c/{d} a=b d=b'],
    ['/b/b/d', '/{a}/{c}/d a=b c=b'],
    ['/b/b/b', '/{a}/{c}/{d} a=b c=b d=b'],
    ['/a/b/c/d', 'no match'],
    ['/', 'no match'],
  ];

  test.each(EXPECTED)('%s leads to %s', (target, expected) => {
    expect(found(routerOf(...TEMPLATES), target)).toBe(expected);
  });

  test('the order of deployment does not matter', () => {
    const router = routerOf(...[...TEMPLATES].reverse());
    for (const [target, expected] of EXPECTED) expect(found(router, target)).toBe(expected);
  });
});

describe('literal before variable, without backtracking', () => {
  // Differs from Tomcat, which sorts templates by their text, so "{" precedes these.
  test.each([
    ['~me', '~me'],
    ['|', '|'],
    ['%7Dx', '%7Dx'],
    ['%7Dx', '}x'],
    ['été', '%C3%A9t%C3%A9'],
    ['日本', '%E6%97%A5%E6%9C%AC'],
    ['😀', '%F0%9F%98%80'],
  ])('the segment %s wins over a variable', (declared, requested) => {
    expect(found(routerOf('/{any}', `/${declared}`), `/${requested}`)).toBe(`/${declared}`);
    expect(found(routerOf('/x/{any}', `/x/${declared}`), `/x/${requested}`)).toBe(`/x/${declared}`);
  });

  test('does not go back from a literal segment when the rest does not match', () => {
    const router = routerOf('/{x}/d', '/b/y');
    expect(found(router, '/b/d')).toBe('no match');
    expect(found(router, '/c/d')).toBe('/{x}/d x=c');
  });

  test('ignores paths of another length', () => {
    const router = routerOf('/b/{y}/z', '/{x}/d');
    expect(found(router, '/b/d')).toBe('/{x}/d x=b');
  });
});

describe('comparing request paths', () => {
  test('is case-sensitive', () => {
    expect(found(routerOf('/Chat'), '/chat')).toBe('no match');
    expect(found(routerOf('/chat'), '/CHAT')).toBe('no match');
    expect(found(routerOf('/{room}'), '/Lobby')).toBe('/{room} room=Lobby');
  });

  test('distinguishes a trailing slash', () => {
    const router = routerOf('/chat', '/news/');
    expect(found(router, '/chat/')).toBe('no match');
    expect(found(router, '/news')).toBe('no match');
    expect(found(router, '/news/')).toBe('/news/');
  });

  test('/ is a separate path, which a variable does not match', () => {
    expect(found(routerOf('/'), '/')).toBe('/');
    expect(found(routerOf('/{any}'), '/')).toBe('no match');
  });

  test('a variable does not match an empty segment, in the middle or at the end', () => {
    const router = routerOf('/a/{x}/b');
    expect(found(router, '/a//b')).toBe('no match');
    expect(found(router, '/a/%20/b')).toBe('/a/{x}/b x= ');
  });

  test('percent-decodes values after splitting: %2F is part of the value', () => {
    const router = routerOf('/files/{name}');
    expect(found(router, '/files/a%2Fb')).toBe('/files/{name} name=a/b');
    expect(found(router, '/files/50%25')).toBe('/files/{name} name=50%');
    expect(found(router, '/files/%252F')).toBe('/files/{name} name=%2F');
    expect(found(router, '/files/caf%C3%A9')).toBe('/files/{name} name=café');
    expect(found(router, '/files/a+b')).toBe('/files/{name} name=a+b');
    expect(found(router, '/files%2Fa')).toBe('no match');
  });

  test('an encoded letter in a literal equals that letter (RFC 3986 6.2.2.2)', () => {
    expect(found(routerOf('/chat'), '/%63hat')).toBe('/chat');
    expect(found(routerOf('/café'), '/caf%C3%A9')).toBe('/café');
    expect(found(routerOf('/caf%C3%A9'), '/caf%c3%a9')).toBe('/caf%C3%A9');
  });

  test('never parses a request as a template', () => {
    const router = routerOf('/admin', '/rooms/{admin}');
    for (const target of ['/{admin}', '/%7Badmin%7D', '/<admin>', '/%3Cadmin%3E'])
      expect(found(router, target)).toBe('no match');
    expect(found(router, '/rooms/{admin}')).toBe('/rooms/{admin} admin={admin}');
    expect(found(router, '/rooms/%7Badmin%7D')).toBe('/rooms/{admin} admin={admin}');
    expect(found(routerOf('/%7Badmin%7D', '/{any}'), '/%7Badmin%7D')).toBe('/%7Badmin%7D');
  });

  test('keeps path parameters of the request (;x)', () => {
    const router = routerOf('/admin', '/rooms/{room}');
    expect(found(router, '/admin;x')).toBe('no match');
    expect(found(router, '/admin;jsessionid=1')).toBe('no match');
    expect(found(router, '/rooms/a;v=1')).toBe('/rooms/{room} room=a;v=1');
  });

  test('treats names of Object.prototype like all other segments and variables', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const empty = routerOf('/only');
    for (const name of names) expect(found(empty, `/${name}`)).toBe('no match');
    for (const name of names) {
      expect(found(routerOf(`/${name}`), `/${name}`)).toBe(`/${name}`);
      const match = route(routerOf(`/{${name}}/x`), `/${name}/x`);
      expect(match?.pathParameters).toEqual(new Map([[name, name]]));
    }
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('duplicate paths', () => {
  function duplicate(first: string, second: string): DeploymentException {
    const router = new EndpointRouter<string>();
    router.add(UriTemplate.parse(first, 'First'), 'First', first);
    try {
      router.add(UriTemplate.parse(second, 'Second'), 'Second', second);
    } catch (error) {
      // The first one stays.
      expect(route(router, first.replaceAll(/\{\w+\}/g, 'x'))?.target).toBe(first);
      return error as DeploymentException;
    }
    throw new Error(`${first} and ${second} were both accepted`);
  }

  test.each([
    ['/a', '/a'],
    ['/', '/'],
    ['/{a}', '/{b}'],
    ['/{a}', '/<b>'],
    ['/{a}/{b}', '/{b}/{a}'],
    ['/chat/{room}/x', '/chat/{id}/x'],
    ['/caf%C3%A9', '/café'],
    ['/%61', '/a'],
  ])('[WSC-3.1.1-2] %s and %s cannot both be deployed', (first, second) => {
    const error = duplicate(first, second);
    expect(error).toBeInstanceOf(DeploymentException);
    expect(error.code).toBe('WS_DEPLOY_DUPLICATE_PATH');
  });

  test('[WSC-4.1.1-4] the message names both classes and both paths', () => {
    expect(duplicate('/chat/{room}', '/chat/{id}').message).toBe(
      'Second cannot be deployed at /chat/{id}: First is already deployed at /chat/{room}. ' +
        'Use paths that differ in more than the names of variables (WSC-4.1.1-4).',
    );
  });

  test.each([
    ['/a', '/a/'],
    ['/a', '/A'],
    ['/a', '/{a}'],
    ['/{a}/b', '/{a}/c'],
    ['/{a}/b', '/b/{a}'],
    ['/{a}', '/%7Ba%7D'],
    ['/a/b', '/a%2Fb'],
  ])('%s and %s can both be deployed', (first, second) => {
    const router = routerOf(first, second);
    for (const path of [first, second]) {
      const target = path.replaceAll(/\{\w+\}/g, 'value');
      expect(route(router, target)?.target).toBe(path);
    }
  });

  test('after clear, matches nothing and every path is free', () => {
    const router = routerOf('/a', '/b/{c}');
    router.clear();
    expect(found(router, '/a')).toBe('no match');
    expect(found(router, '/b/x')).toBe('no match');
    router.add(UriTemplate.parse('/a', 'Again'), 'Again', 'again');
    expect(found(router, '/a')).toBe('again');
  });
});

test('[WSC-3.1.1-3] finds what the procedure of the specification finds, for random templates and requests', () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000_007);
  const random = mulberry32(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const TEXTS = ['a', 'b', 'A', '~', '|', 'é', ';', '__proto__', 'constructor', '%7Bx%7D', '%2F', '%61'];
  const IN_TEMPLATES = [...TEXTS, '{v}', '{v}', '{v}', '<v>'];
  const IN_REQUESTS = [...TEXTS, '{v}', '%C3%A9', ''];
  const pathOf = (segments: readonly string[]): string =>
    `/${Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(segments)).join('/')}`;

  let matches = 0;
  for (let round = 0; round < 300; round += 1) {
    const router = new EndpointRouter<string>();
    const reference = new ReferenceRouter();
    for (let count = 0; count < 12; count += 1) {
      const path = pathOf(IN_TEMPLATES).replaceAll(/[{<]v[}>]/g, (variable, at: number) =>
        variable.replace('v', `v${at}`),
      );
      const template = UriTemplate.parse(path, path);
      if (reference.add(template, path)) router.add(template, path, path);
      else expect(() => router.add(template, path, path)).toThrow(DeploymentException);
    }
    for (let count = 0; count < 40; count += 1) {
      const target = pathOf(IN_REQUESTS);
      const segments = target.slice(1).split('/').map(decodeURIComponent);
      const expected = reference.match(segments);
      if (expected !== 'no match') matches += 1;
      const deployed = reference.paths;
      expect({ seed, deployed, target, found: found(router, target) }).toEqual({
        seed,
        deployed,
        target,
        found: expected,
      });
    }
  }
  // The rounds prove nothing if hardly any request matches.
  expect(matches).toBeGreaterThan(1000);
});

/** The procedure of WSC 3.1.1, word by word and without a tree: "retain those that match exactly, or if there are none, those that are a variable". */
class ReferenceRouter {
  readonly #deployed: { readonly template: UriTemplate; readonly path: string }[] = [];

  get paths(): readonly string[] {
    return this.#deployed.map(({ path }) => path);
  }

  /** @returns false if there is an equivalent template */
  add(template: UriTemplate, path: string): boolean {
    const shape = (one: UriTemplate): string =>
      JSON.stringify(one.segments.map((segment) => (segment.kind === 'variable' ? null : segment.text)));
    if (this.#deployed.some((one) => shape(one.template) === shape(template))) return false;
    this.#deployed.push({ template, path });
    return true;
  }

  match(segments: readonly string[]): string {
    let retained = this.#deployed.filter(({ template }) => template.segments.length === segments.length);
    segments.forEach((text, index) => {
      const at = ({ template }: { template: UriTemplate }) => template.segments[index];
      const exact = retained.filter((one) => {
        const segment = at(one);
        return segment?.kind === 'literal' && segment.text === text;
      });
      const variable = text === '' ? [] : retained.filter((one) => at(one)?.kind === 'variable');
      retained = exact.length > 0 ? exact : variable;
    });
    const [best] = retained;
    if (best === undefined) return 'no match';
    const values = best.template.segments.flatMap((segment, index) =>
      segment.kind === 'variable' ? [`${segment.name}=${segments[index]}`] : [],
    );
    return [best.path, ...values].join(' ');
  }
}

/** A small random number generator with a seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
