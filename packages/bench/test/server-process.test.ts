import { ServerProcess } from '../src/server-process';

// A minimal contender.
const SERVER = `
  console.log(JSON.stringify({ port: 8080, pid: process.pid }));
  process.stdin.on('data', (text) => { if (String(text) === 'memory\\n') console.log('{"heapBytes":123}'); });
  process.stdin.on('end', () => process.exit());
`;

describe('ServerProcess', () => {
  it('reads the port and the memory of a server, and stops it', async () => {
    const server = await ServerProcess.start([process.execPath, '-e', SERVER]);
    expect(server.port).toBe(8080);
    await expect(server.heapBytes()).resolves.toBe(123);
    expect(() => process.kill(server.pid, 0)).not.toThrow();
    await server.stop();
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
    await server.stop();
  });

  it.each([
    ['ends at once', 'process.exit(1)'],
    ['says something else', "console.log('hello'); setInterval(() => {}, 1000)"],
  ])('rejects when the server %s', async (_how, script) => {
    await expect(ServerProcess.start([process.execPath, '-e', script])).rejects.toThrow('does not listen');
  });

  it('rejects when the program does not exist', async () => {
    await expect(ServerProcess.start(['/nowhere/server'])).rejects.toThrow('does not listen');
  });
});
