import { connect } from 'serval';

// npm run example -- server-bridge client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';

async function sendReadings(): Promise<void> {
  const readings = ['20.5', '20.7', '21.0'];
  const client = await connect(`${server}/readings`);
  for (const reading of readings) void client.send(reading);
  let left = readings.length;
  for await (const answer of client) {
    console.log(answer);
    left -= 1;
    if (left === 0) break;
  }
}

sendReadings().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
