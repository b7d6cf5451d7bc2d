import { Decoder, DeploymentException, OnMessage, OnOpen, PathParam, type Session } from '@serval/api';
import type { EndpointPlan } from '../src/endpoint-plan';
import { plan, refusalOf, type Declared } from './planning';

// The types that each compiler leaves for the same source, as packages/conformance sees them. A class either means the
// same under all of them, or is refused with the way out.

const COMPILERS = ['tsc', 'swc', 'oxc', 'Babel', 'Bun'] as const;

/** Code that a compiler does not compile at all. */
const NOT_COMPILED = Symbol('not compiled');

// The output of enums.
const Shade = { Light: 'light', Dark: 'dark' };
const Level = { Low: 0, High: 1, 0: 'Low', 1: 'High' };
const Mixed = { No: 0, 0: 'No', Yes: 'yes' };

class Box {}
class BoxDecoder implements Decoder.Text<Box> {
  static readonly decodes = Decoder.text(Box);
  decode(): Box {
    return new Box();
  }
}
/** A class of an application that is called like a global one. */
const OwnEvent = { Event: class Event {} }.Event;
class OwnEventDecoder implements Decoder.Text<object> {
  static readonly decodes = Decoder.text(OwnEvent);
  decode(): object {
    return new OwnEvent();
  }
}

interface Shape {
  readonly title: string;
  /** As the class has it; what stands before `compiled` in the source is not left. */
  readonly take: (...args: never[]) => void;
  /** By compiler, in their order; one for all. */
  readonly left: readonly unknown[] | { readonly all: unknown };
  /** Its meaning if it is accepted. */
  readonly means: string | undefined;
  /** The message with which the others are refused. */
  readonly refusal?: string;
  /** Compilers that emit the type of something else, which cannot be distinguished from it. */
  readonly mistaken?: Readonly<Record<string, string>>;
  readonly declared?: Declared;
}

const plain = { take(_x: unknown): void {} }.take;
const defaulted = { take(_x: unknown = 'text'): void {} }.take;
const rest = { take(..._x: unknown[]): void {} }.take;

const ENUM = 'which is no class: compilers leave it for an enum';
const NOTHING = 'Object (an interface, a union, a type alias, or a class imported with "import type")';

const PAYLOADS: readonly Shape[] = [
  { title: 'string', take: plain, left: { all: String }, means: 'text' },
  { title: 'number', take: plain, left: { all: Number }, means: 'text as Number' },
  { title: 'Buffer', take: plain, left: { all: Buffer }, means: 'binary' },
  { title: 'x?: string', take: plain, left: { all: String }, means: 'text' },
  { title: "x: string = ''", take: defaulted, left: { all: String }, means: 'text' },
  { title: "'a' | 'b'", take: plain, left: { all: String }, means: 'text' },
  { title: 'interface', take: plain, left: { all: Object }, means: undefined, refusal: NOTHING },
  { title: 'unknown', take: plain, left: { all: Object }, means: undefined, refusal: NOTHING },
  { title: 'string | Buffer', take: plain, left: { all: Object }, means: undefined, refusal: NOTHING },
  {
    title: 'string | null',
    take: plain,
    left: [Object, Object, Object, String, String],
    means: undefined,
    refusal: NOTHING,
    mistaken: { Babel: 'text', Bun: 'text' },
  },
  {
    title: 'template literal',
    take: plain,
    left: [String, String, String, NOT_COMPILED, String],
    means: 'text',
  },
  {
    title: 'string[]',
    take: plain,
    left: { all: Array },
    means: undefined,
    refusal: 'is of type Array, for which the endpoint has no decoder',
  },
  {
    title: 'readonly string[]',
    take: plain,
    left: [Array, Object, Array, Object, Array],
    means: undefined,
    refusal: '',
  },
  {
    title: 'S extends string',
    take: plain,
    left: [String, Object, Object, Object, Object],
    means: 'text',
    refusal: NOTHING,
  },
  {
    title: 'alias of string',
    take: plain,
    left: [String, Object, Object, Object, Object],
    means: 'text',
    refusal: NOTHING,
  },
  {
    title: 'alias of Buffer',
    take: plain,
    left: [Buffer, Object, Object, Object, Object],
    means: 'binary',
    refusal: NOTHING,
  },
  {
    title: "x = 'text'",
    take: defaulted,
    left: [Object, undefined, Object, undefined, Object],
    means: undefined,
    refusal: 'not known: it has a default value, and no declared type that exists at run time',
  },
  {
    title: '...x: Buffer[]',
    take: rest,
    left: [Buffer, Array, Array, undefined, Object],
    means: undefined,
    refusal: 'not known: it is a rest parameter, of which each compiler leaves another type',
  },
  {
    title: 'bigint | number',
    take: plain,
    left: [Object, Object, Object, Number, Object],
    means: undefined,
    refusal: NOTHING,
    mistaken: { Babel: 'text as Number' },
  },
  {
    title: '-1 | 1',
    take: plain,
    left: [Number, Number, Number, NOT_COMPILED, Number],
    means: 'text as Number',
  },
  {
    title: 'enum of strings',
    take: plain,
    left: [String, Shade, Shade, Shade, Shade],
    means: 'text',
    refusal: `the object { Light, Dark }, ${ENUM}`,
  },
  {
    title: 'enum of numbers',
    take: plain,
    left: [Number, Level, Level, Level, Level],
    means: 'text as Number',
    refusal: `the object { Low, High }, ${ENUM}`,
  },
  {
    title: 'enum of both',
    take: plain,
    left: [Object, Mixed, Mixed, Mixed, Mixed],
    means: undefined,
    refusal: '',
  },
  {
    title: 'import type of a class',
    take: plain,
    left: [Function, Object, Object, Object, Object],
    means: undefined,
    refusal: '',
    declared: { decoders: [BoxDecoder] },
  },
  {
    title: 'import type of a class, without decoders',
    take: plain,
    left: [Function, Object, Object, Object, Object],
    means: undefined,
    refusal: '',
  },
  {
    title: 'import type of a class named like a global one',
    take: plain,
    left: [Function, Event, Object, Event, Event],
    means: undefined,
    refusal: '',
    declared: { decoders: [OwnEventDecoder] },
  },
  {
    title: 'a class with a decoder',
    take: plain,
    left: { all: Box },
    means: 'text decoded',
    declared: { decoders: [BoxDecoder] },
  },
];

function endpointOf(
  take: Shape['take'],
  left: readonly unknown[],
  decorate: (prototype: object) => void,
): new () => object {
  class Shaped {}
  Object.defineProperty(Shaped.prototype, 'take', { value: take, writable: true, configurable: true });
  decorate(Shaped.prototype);
  Reflect.defineMetadata('design:paramtypes', left, Shaped.prototype, 'take');
  return Shaped;
}

function annotate(annotation: unknown, prototype: object): void {
  const decorate = annotation as (target: object, name: string, descriptor: PropertyDescriptor | undefined) => void;
  decorate(prototype, 'take', Object.getOwnPropertyDescriptor(prototype, 'take'));
}

/** The meaning of a class: the messages it takes and their form, or the message with which it is refused. */
function outcomeOf(endpointClass: new () => object, declared?: Declared): string {
  let planned: EndpointPlan;
  try {
    planned = plan(endpointClass, declared);
  } catch (error) {
    if (error instanceof DeploymentException) return `refused: ${error.message}`;
    throw error;
  }
  const { text, binary } = planned;
  if (binary !== undefined) return 'binary';
  if (text?.decoding.kind === 'primitive') return `text as ${String((text.decoding.type as { name?: string }).name)}`;
  return text?.decoding.kind === 'decoders' ? 'text decoded' : 'text';
}

function leftBy(shape: Pick<Shape, 'left'>): [string, unknown][] {
  const { left } = shape;
  const types = 'all' in left ? COMPILERS.map(() => left.all) : left;
  return COMPILERS.map((compiler, index): [string, unknown] => [compiler, types[index]]).filter(
    ([, type]) => type !== NOT_COMPILED,
  );
}

describe.each(PAYLOADS.map((shape) => [shape.title, shape] as const))('a payload declared as %s', (_title, shape) => {
  test.each(leftBy(shape))('compiled by %s', (compiler, type) => {
    const outcome = outcomeOf(
      endpointOf(shape.take, [type], (prototype) => annotate(OnMessage, prototype)),
      shape.declared,
    );
    if (!outcome.startsWith('refused')) {
      expect(outcome).toBe(shape.mistaken?.[compiler] ?? shape.means);
      return;
    }
    expect(shape.refusal).toBeDefined();
    expect(outcome).toContain('refused: Shaped.take: parameter 1 ');
    expect(outcome).toContain(shape.refusal);
  });
});

test('the message explains a global class with the name of an imported one', () => {
  const endpointClass = endpointOf(plain, [Event], (prototype) => annotate(OnMessage, prototype));
  expect(refusalOf(endpointClass, { decoders: [OwnEventDecoder] }).message).toBe(
    'Shaped.take: parameter 1 is of type Event, for which the endpoint has only OwnEventDecoder for Event. ' +
      'Add a decoder for it to the endpoint, or take a String, Buffer, Reader, InputStream, PongMessage or a primitive ' +
      '(WSC-4.7). If your own Event was meant, drop "type" from its import: swc and Bun leave the global class of ' +
      'that name.',
  );
});

test('a global class may be decoded', () => {
  class UrlDecoder implements Decoder.Text<URL> {
    static readonly decodes = Decoder.text(URL);
    decode(text: string): URL {
      return new URL(text);
    }
  }
  const endpointClass = endpointOf(plain, [URL], (prototype) => annotate(OnMessage, prototype));
  expect(outcomeOf(endpointClass, { decoders: [UrlDecoder] })).toBe('text decoded');
});

describe('a path parameter', () => {
  const REMEDY =
    'declare it as string, number, boolean or bigint, or name the type: @PathParam("x", String), or Number, Boolean, BigInt';

  const SHAPES: readonly Pick<Shape, 'title' | 'take' | 'left' | 'refusal'>[] = [
    { title: 'string', take: plain, left: { all: String } },
    { title: 'alias of string', take: plain, left: [String, Object, Object, Object, Object], refusal: NOTHING },
    { title: 'string | null', take: plain, left: [Object, Object, Object, String, String], refusal: NOTHING },
    {
      title: "x = 'lobby'",
      take: defaulted,
      left: [Object, undefined, Object, undefined, Object],
      refusal: 'of type not known: it has a default value, and no declared type that exists at run time',
    },
    {
      title: 'enum of strings',
      take: plain,
      left: [String, Shade, Shade, Shade, Shade],
      refusal: `the object { Light, Dark }, ${ENUM}`,
    },
    {
      title: '...x: string[]',
      take: rest,
      left: [String, Array, Array, undefined, Object],
      refusal: 'not known: it is a rest parameter',
    },
  ];

  describe.each(SHAPES.map((shape) => [shape.title, shape] as const))('declared as %s', (_title, shape) => {
    test.each(leftBy(shape))('compiled by %s', (_compiler, type) => {
      const outcome = outcomeOf(
        endpointOf(shape.take, [type], (prototype) => {
          annotate(OnOpen, prototype);
          PathParam('x')(prototype, 'take', 0);
        }),
      );
      if (!outcome.startsWith('refused')) return;
      expect(outcome).toContain('refused: Shaped.take: parameter 1 is a path parameter "x" of type ');
      expect(outcome).toContain(shape.refusal);
      expect(outcome).toContain(REMEDY);
    });
  });
});

describe('without any types', () => {
  const untyped = (take: Shape['take'], ...paths: number[]): new () => object => {
    const endpointClass = endpointOf(take, [], (prototype) => {
      annotate(OnMessage, prototype);
      for (const index of paths) PathParam('x')(prototype, 'take', index);
    });
    Reflect.deleteMetadata('design:paramtypes', endpointClass.prototype as object, 'take');
    return endpointClass;
  };

  test('a default value and a rest parameter need a role', () => {
    expect(refusalOf(untyped(defaulted)).message).toBe(
      'Shaped.take: parameter 1 has no role: its type is not known: it has a default value, and the compiler emits no ' +
        'types. Name all roles, such as @OnMessage({ params: [String] }).',
    );
    expect(refusalOf(untyped(rest)).message).toContain('parameter 1 has no role: its type is not known: it is a rest');
    const behind = { take(_text: string, _session?: Session, _more = 1): void {} }.take;
    expect(refusalOf(untyped(behind)).message).toContain('parameter 2 has no role');
  });

  test('the parameters of a method that another decorator replaced are unknown', () => {
    const replaced = untyped((...args: never[]) => void args);
    expect(refusalOf(replaced).message).toBe(
      'Shaped.take: @OnMessage needs a parameter for the message; found none. Add one; or, where another decorator has ' +
        'replaced the method, name the roles: @OnMessage({ params: [String] }) (WSC-4.7).',
    );
  });

  test('the message for a method without parameters says to add one', () => {
    expect(refusalOf(untyped({ take(): void {} }.take)).message).toBe(
      'Shaped.take: @OnMessage needs a parameter for the message; found none. Add one, such as "text: string" (WSC-4.7).',
    );
  });

  test('the types of a replaced method decide its roles', () => {
    const endpointClass = endpointOf(
      (...args: never[]) => void args,
      [String],
      (prototype) => annotate(OnMessage, prototype),
    );
    expect(outcomeOf(endpointClass)).toBe('text');
  });
});
