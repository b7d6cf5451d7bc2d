import { connect, HandshakeException, ReplyException } from 'serval';
import { z } from 'zod';
import { Commands, Events } from './messages';

/** The reply to a bid. */
const Accepted = z.object({ accepted: z.number() });

async function bid(server: string): Promise<void> {
  const client = await connect(`${server}/auction`, {
    decoders: [Events],
    encoders: [Commands],
    onMessage(event) {
      console.log(event.type === 'price' ? `price: ${event.euros}` : event);
    },
  });
  for (const euros of [10, 5, 20]) {
    try {
      const { accepted } = await client.request({ type: 'bid', euros }, { schema: Accepted, timeout: 5000 });
      console.log(`bid ${euros}: accepted at ${accepted}`);
    } catch (error) {
      if (!(error instanceof ReplyException)) throw error;
      console.log(`bid ${euros}: ${error.reason}, ${error.message}`);
    }
  }
  // As a client without the schema could send it.
  await client.send('{"type":"say"}');
  // The reply comes behind everything that the server sent before.
  await client.request({ type: 'say', text: 'Sold!' });
  await client.close();
  await client.closed;
}

// npm run example -- typed-messages client [server]
bid(process.argv[2] ?? 'ws://localhost:8080').catch((error: unknown) => {
  if (!(error instanceof HandshakeException)) throw error;
  console.error(`${error.message} Is the server running?`);
  process.exitCode = 1;
});
