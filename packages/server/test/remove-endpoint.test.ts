import { CloseReason, OnMessage, ServerEndpoint, ServerEndpointConfig } from '@serval/api';
import { ServerContainer } from '../src';
import { TestServer } from './test-server';
import { clientFrame } from './raw-connection';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `chat ${text}`;
  }
}

@ServerEndpoint('/chat')
class Chat2 {
  @OnMessage say(text: string): string {
    return `chat2 ${text}`;
  }
}

@ServerEndpoint('/news/{topic}')
class News {
  @OnMessage say(text: string): string {
    return `news ${text}`;
  }
}

async function open(server: TestServer, path: string) {
  const { client, status } = await server.request(`GET ${path} HTTP/1.1`);
  return { client, status };
}

describe('removeEndpoint', () => {
  test.each<[string, string | typeof Chat]>([
    ['its path', '/chat'],
    ['its class', Chat],
  ])('by %s: new handshakes get 404, and the open session stays open', async (_how, which) => {
    const server = await TestServer.start({}, Chat, News);
    const { client } = await open(server, '/chat');
    server.container.removeEndpoint(which);
    expect((await open(server, '/chat')).status).toBe(404);
    expect((await open(server, '/news/tea')).status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('chat hi');
    server.container.addEndpoint(Chat);
    expect((await open(server, '/chat')).status).toBe(101);
  });

  test('closes the endpoint’s sessions with the given reason, and no others', async () => {
    const server = await TestServer.start({}, Chat, News);
    const chat = await open(server, '/chat');
    const news = await open(server, '/news/tea');
    server.container.removeEndpoint('/chat', { closeReason: new CloseReason(4001, 'moved') });
    expect(await chat.client.close()).toBe('4001 moved');
    news.client.send(clientFrame(0x81, 'hi'));
    expect(await news.client.text()).toBe('news hi');
  });

  test.each([null, undefined, 5, '/else', class {}, {}])('rejects %p and lists the deployed paths', (which) => {
    const container = new ServerContainer();
    container.addEndpoint(News);
    expect(() => container.removeEndpoint(which as never)).toThrow(/Deployed are \/news\/\{topic\}\.$/);
    expect(container.match('/news/tea')).toBeDefined();
  });
});

describe('replaceEndpoint', () => {
  test('replaces the class at the path in one step', async () => {
    const server = await TestServer.start({}, Chat);
    const old = await open(server, '/chat');
    server.container.replaceEndpoint(Chat, Chat2);
    const { client } = await open(server, '/chat');
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('chat2 hi');
    old.client.send(clientFrame(0x81, 'hi'));
    expect(await old.client.text()).toBe('chat hi');
  });

  test('changes nothing if the new one cannot be deployed', () => {
    const container = new ServerContainer();
    container.addEndpoint(Chat);
    container.addEndpoint(News);
    const taken = ServerEndpointConfig.Builder.create(Chat2, '/news/{other}').build();
    expect(() => container.replaceEndpoint('/chat', taken)).toThrow(/is already deployed at/);
    expect(container.match('/chat')?.target.plan.name).toBe('Chat');
    expect(container.match('/news/tea')?.target.plan.name).toBe('News');
    container.replaceEndpoint('/chat', Chat2);
    expect(container.match('/chat')?.target.plan.name).toBe('Chat2');
  });
});
