// Compiled by `npm run bench`, after its packages have been installed.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';

@WebSocketGateway()
class BenchGateway {
  @WebSocketServer()
  server;

  @SubscribeMessage('echo')
  echo(@MessageBody() text: string) {
    return { event: 'echo', data: text };
  }

  @SubscribeMessage('broadcast')
  broadcast(@MessageBody() text: string) {
    const message = JSON.stringify({ event: 'broadcast', data: text });
    for (const peer of this.server.clients) peer.send(message);
  }
}

@Module({ providers: [BenchGateway] })
class BenchModule {}

const app = await NestFactory.create(BenchModule, { logger: false });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(0, '127.0.0.1');
console.log(JSON.stringify({ port: app.getHttpServer().address().port, pid: process.pid }));
