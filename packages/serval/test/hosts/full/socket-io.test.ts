import { io, type Socket } from 'socket.io-client';
import { afterTest } from '../../../../testing/test/toolbox';
import { startApplication, talk, upgradeAt } from '../hosts';

describe.each(['io-first', 'serval-first'])('Socket.IO and Serval on one server, %s', (order) => {
  it.each<[string, string, string]>([
    ['deployed', 'blue, nobody: hi', 'websocket'],
    ['routed', 'blue, ann: hi', 'websocket'],
    ['deployed', 'blue, nobody: hi', 'polling'],
  ])('both work, with an endpoint that is %s', async (kind, expected, transport) => {
    const application = await startApplication('socket-io', { args: [order, kind] });
    const socket: Socket = io(`http://127.0.0.1:${application.port}`, {
      // After polling it upgrades to a WebSocket.
      transports: transport === 'polling' ? ['polling', 'websocket'] : ['websocket'],
      reconnection: false,
    });
    afterTest(() => void socket.close());
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    const { engine } = socket.io;
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve));
    expect(await socket.emitWithAck('say', 'hi')).toBe('io: hi');
    const { client, status } = await upgradeAt(application, '/rooms/blue');
    expect(status).toBe(101);
    expect(await talk(client, 'hi')).toBe(expected);
    expect(await socket.emitWithAck('say', 'again')).toBe('io: again');
    expect((await upgradeAt(application, '/rooms')).status).toBeGreaterThanOrEqual(400);
  });
});
