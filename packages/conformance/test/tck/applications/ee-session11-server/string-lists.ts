import { Decoder } from 'serval';

/** An interface in Java: a decoder of its subclass serves it as well. */
export abstract class StringList {
  abstract first(): string;
}

class StringLinkedList extends StringList {
  constructor(private readonly items: readonly [string, ...string[]]) {
    super();
  }

  first(): string {
    return this.items[0];
  }
}

export class StringListTextDecoder implements Decoder.Text<StringList> {
  static readonly decodes = Decoder.text(StringList);

  decode(text: string): StringList {
    return new StringLinkedList([text]);
  }

  willDecode(_text: string): boolean {
    return true;
  }
}

/** `LinkedList<HashSet<String>>`: the handler is found by the outer class. */
export class LinkedListHashSetTextDecoder implements Decoder.Text<Set<string>[]> {
  static readonly decodes = Decoder.text<Set<string>[]>(Array);

  decode(text: string): Set<string>[] {
    return [new Set([text])];
  }

  willDecode(_text: string): boolean {
    return true;
  }
}
