import { ProtocolViolation } from './close-frame';
import { DEFLATE_TAIL, type Inflater, type ZlibCodecs } from './zlib-contract';
import { publicCodecs } from './zlib-functions';
import { streamCodecs } from './zlib-streams';

let best: ZlibCodecs | undefined;

/** The streams where this Node lets them be driven synchronously, else the public functions. */
export function zlibCodecs(): ZlibCodecs {
  return (best ??= work(streamCodecs) ? streamCodecs : publicCodecs);
}

/** Whether a message and a second one that refers back to it come through, and nonsense is refused. */
function work(codecs: ZlibCodecs): boolean {
  try {
    const deflater = codecs.createDeflater({ windowBits: 15, level: 6, memLevel: 8 });
    const inflater = codecs.createInflater(15);
    const text = Buffer.from('once more '.repeat(20));
    for (const longest of [60, 20]) {
      const deflated = Buffer.from(deflater.deflate(text));
      inflater.write(deflated.subarray(0, -DEFLATE_TAIL.length), true);
      if (deflated.length > longest || !inflater.read(text.length + 1).equals(text) || !inflater.isDrained)
        return false;
    }
    deflater.close();
    return refusesNonsense(inflater);
  } catch {
    return false;
  }
}

function refusesNonsense(inflater: Inflater): boolean {
  try {
    inflater.write(Buffer.from([0xff]), true);
    inflater.read(1);
    return false;
  } catch (error) {
    inflater.close();
    return error instanceof ProtocolViolation;
  }
}
