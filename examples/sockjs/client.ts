import { connect, SOCKJS_TRANSPORT_PROPERTY } from 'serval';

// npm run example -- sockjs client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';

/** Two people in one room, over two transports. */
async function talk(): Promise<void> {
  const transports = ['websocket', 'xhr-polling'] as const;
  for (const transport of transports) {
    const client = await connect(`${server}/chat/lobby`, { sockJs: { transports: [transport] } });
    const { session } = client;
    await client.send(`hello over ${String(session?.getUserProperties().get(SOCKJS_TRANSPORT_PROPERTY))}`);
    for await (const message of client) {
      console.log(message);
      break;
    }
    await client.close();
  }
}

talk().catch((error: Error) => console.error(`${error.message}. Is the server running?`));
