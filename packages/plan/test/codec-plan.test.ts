import { Decoder, Encoder, OnMessage, type DecoderClass, type InputStream, type Reader } from '@serval/api';
import { endpointWith, expectRefusal, plan } from './planning';

class Shape {}
class Circle extends Shape {}
class Square extends Shape {}

class CircleText implements Decoder.Text<Circle>, Encoder.Text<Circle> {
  static readonly decodes = Decoder.text(Circle);
  static readonly encodes = Encoder.text(Circle);
  decode(): Circle {
    return new Circle();
  }
  encode(): string {
    return 'circle';
  }
}

class SquareText implements Decoder.Text<Square> {
  static readonly decodes = Decoder.text(Square);
  willDecode(text: string): boolean {
    return text.startsWith('square');
  }
  decode(): Square {
    return new Square();
  }
}

class ShapeText implements Decoder.Text<Shape> {
  static readonly decodes = Decoder.text(Shape);
  decode(): Shape {
    return new Shape();
  }
}

class ShapeBinary implements Decoder.Binary<Shape> {
  static readonly decodes = Decoder.binary(Shape);
  decode(): Shape {
    return new Shape();
  }
}

class ShapeTextStream implements Decoder.TextStream<Shape> {
  static readonly decodes = Decoder.textStream(Shape);
  async decode(_reader: Reader): Promise<Shape> {
    return new Shape();
  }
}

class ShapeBinaryStream implements Decoder.BinaryStream<Shape> {
  static readonly decodes = Decoder.binaryStream(Shape);
  async decode(_stream: InputStream): Promise<Shape> {
    return new Shape();
  }
}

const shapes = endpointWith(OnMessage, [Shape]);
const codecs = (declared: Parameters<typeof plan>[1]): ReturnType<typeof plan>['codecs'] =>
  plan(endpointWith(OnMessage, [String]), declared).codecs;

describe('the codecs of an endpoint', () => {
  test('[WSC-4.1.2-1] [WSC-4.1.3-1] keep the declared order, with form and class', () => {
    const { encoders, decoders, classes } = codecs({
      encoders: [CircleText],
      decoders: [ShapeBinaryStream, SquareText],
    });
    expect(encoders).toEqual([{ name: 'CircleText', format: 'text', type: Circle, slot: 0 }]);
    expect(decoders).toEqual([
      {
        name: 'ShapeBinaryStream',
        format: 'binaryStream',
        type: Shape,
        slot: 1,
        decoderClass: ShapeBinaryStream,
        discriminator: 'type',
      },
      { name: 'SquareText', format: 'text', type: Square, slot: 2, decoderClass: SquareText, discriminator: 'type' },
    ]);
    expect(classes).toEqual([CircleText, ShapeBinaryStream, SquareText]);
  });

  test('a class that is both encoder and decoder has one slot, so one instance', () => {
    const { encoders, decoders, classes } = codecs({ encoders: [CircleText], decoders: [SquareText, CircleText] });
    expect(classes).toEqual([CircleText, SquareText]);
    expect(encoders.map(({ slot }) => slot)).toEqual([0]);
    expect(decoders.map(({ slot }) => slot)).toEqual([1, 0]);
  });

  test('a class listed twice has one slot', () => {
    const { decoders, classes } = codecs({ decoders: [ShapeText, ShapeText] });
    expect(classes).toEqual([ShapeText]);
    expect(decoders.map(({ slot }) => slot)).toEqual([0, 0]);
  });

  test('a codec may inherit its declaration and its methods', () => {
    class Inheriting extends CircleText {}
    expect(codecs({ encoders: [Inheriting], decoders: [Inheriting] })).toMatchObject({
      encoders: [{ name: 'Inheriting', format: 'text', type: Circle }],
      decoders: [{ name: 'Inheriting', format: 'text', type: Circle }],
    });
  });

  test('are planned for a programmatic endpoint too', () => {
    expect(codecs({ decoders: [ShapeText] }).decoders).toHaveLength(1);
  });
});

describe('the decoders of a message', () => {
  const candidates = (decoders: readonly DecoderClass[], native: 'text' | 'binary'): unknown => {
    const decoding = plan(shapes, { decoders })[native]?.decoding;
    if (decoding?.kind === 'decoders') return decoding.candidates.map(({ name }) => name);
    return decoding?.kind === 'stream-decoder' ? `stream: ${decoding.decoder.name}` : undefined;
  };

  test('[WSC-4.1.3-2] are those that make the class or a subclass of it, in declared order', () => {
    expect(candidates([SquareText, ShapeText, CircleText], 'text')).toEqual(['SquareText', 'ShapeText', 'CircleText']);
  });

  test('are not those that make a superclass or another class', () => {
    class DateText implements Decoder.Text<Date> {
      static readonly decodes = Decoder.text(Date);
      decode(text: string): Date {
        return new Date(text);
      }
    }
    const squares = plan(endpointWith(OnMessage, [Square]), {
      decoders: [ShapeText, DateText, CircleText, SquareText],
    });
    expect(squares.text?.decoding).toMatchObject({ kind: 'decoders', candidates: [{ name: 'SquareText' }] });
  });

  test('are chosen separately for text and for binary', () => {
    const decoders = [ShapeBinary, SquareText, ShapeText];
    expect(candidates(decoders, 'text')).toEqual(['SquareText', 'ShapeText']);
    expect(candidates(decoders, 'binary')).toEqual(['ShapeBinary']);
  });

  test('a stream decoder ends the search: later decoders are not tried', () => {
    expect(candidates([ShapeTextStream, SquareText], 'text')).toBe('stream: ShapeTextStream');
    expect(candidates([ShapeBinaryStream, ShapeBinary], 'binary')).toBe('stream: ShapeBinaryStream');
    expect(candidates([SquareText, ShapeTextStream, CircleText], 'text')).toEqual(['SquareText']);
  });

  test('a stream decoder of one native type does not affect the other', () => {
    const decoders = [ShapeTextStream, ShapeBinary];
    expect(candidates(decoders, 'text')).toBe('stream: ShapeTextStream');
    expect(candidates(decoders, 'binary')).toEqual(['ShapeBinary']);
  });

  test('are not used for a String or a Buffer', () => {
    class TrimmedText implements Decoder.Text<string> {
      static readonly decodes = Decoder.text<string>();
      decode(text: string): string {
        return text.trim();
      }
    }
    expect(plan(endpointWith(OnMessage, [String]), { decoders: [TrimmedText] }).text?.decoding.kind).toBe('as-is');
  });
});

describe('a codec is refused', () => {
  const endpoint = endpointWith(OnMessage, [String]);
  const roles = [
    ['encoder', 'encoders', 'encodes', 'encode'],
    ['decoder', 'decoders', 'decodes', 'decode'],
  ] as const;

  describe.each(roles)('as %s', (role, attribute, verb, method) => {
    const refuse = (codecs: unknown, parts: readonly string[]): void =>
      expectRefusal(endpoint, 'WS_DEPLOY_BAD_CODEC', parts, { [attribute]: codecs as [] });

    test.each<[unknown, string]>([
      ['PointCodec', '"PointCodec"'],
      [{}, 'an object'],
      [null, 'null'],
      [undefined, 'undefined'],
      [42, '42'],
    ])('when it is %p and not a class', (codec, found) => {
      refuse([codec], [`Endpoint: each ${role} is a class; found ${found}.`]);
    });

    test.each<[unknown, string]>([
      [CircleText, 'the class CircleText'],
      ['CircleText', '"CircleText"'],
      [{}, 'an object'],
      [null, 'null'],
    ])('when %p replaces the list', (codec, found) => {
      refuse(codec, [`Endpoint: ${attribute} is a list of classes; found ${found}.`]);
    });

    test.each([
      ['nothing', undefined],
      ['a class alone', Circle],
      ['an unknown form', { format: 'json', type: Circle }],
      ['a form of something that is no class', { format: 'text', type: 'Circle' }],
      ['null', null],
    ])(`when it declares %s as ${verb}`, (_title, declaration) => {
      class PointCodec {
        static readonly [verb] = declaration;
        [method](): void {}
      }
      refuse(
        [PointCodec],
        [
          `Endpoint: ${role} PointCodec does not say what it ${verb}`,
          `add "static readonly ${verb} = `,
          `.text(YourClass)" or its binary, textStream or binaryStream form`,
        ],
      );
    });

    test(`when it has no method ${method}`, () => {
      class PointCodec {
        static readonly [verb] = Decoder.text(Circle);
      }
      refuse([PointCodec], [`Endpoint: ${role} PointCodec has no method ${method}.`]);
    });

    test('when its constructor needs arguments', () => {
      class PointCodec {
        static readonly [verb] = Decoder.text(Circle);
        constructor(
          readonly scale: number,
          readonly unit: string,
        ) {}
        [method](): void {}
      }
      refuse([PointCodec], [`Endpoint: the constructor of ${role} PointCodec must not need arguments; it declares 2.`]);
    });

    test('but not when its constructor’s arguments all have defaults', () => {
      class PointCodec {
        static readonly [verb] = Decoder.text(Circle);
        constructor(readonly scale = 1) {}
        [method](): void {}
      }
      expect(codecs({ [attribute]: [PointCodec as never] })[attribute]).toHaveLength(1);
    });
  });
});
