import { endpoint, ReplyException, Server, type Interceptor } from 'serval';
import { main } from '../main';
import { Commands, Events } from './messages';

/** Prints each bid and its time, around the function that handles it. */
const timed: Interceptor = ({ kind, method }, next) => {
  if (kind !== 'message') return next();
  const since = performance.now();
  try {
    return next();
  } finally {
    console.log(`${String(method)} took ${(performance.now() - since).toFixed(1)} ms`);
  }
};

/** One auction for all bidders. */
export function auction() {
  let highest = 0;
  return endpoint('/auction', {
    decoders: [Commands],
    encoders: [Events],
    interceptors: [timed],
    messages: {
      bid({ euros }, session) {
        if (euros <= highest) throw new ReplyException('too-low', `The highest bid is ${highest} euros.`);
        highest = euros;
        session.broadcast({ type: 'price', euros });
        return { accepted: euros };
      },
      say({ text }, session) {
        session.broadcast({ type: 'said', text });
      },
    },
  });
}

export function start(port: number): Promise<Server> {
  return new Server({ endpoints: [auction()], port }).start();
}

if (require.main === module) void main(start, 'ws://localhost/auction');
