import 'reflect-metadata';
import { Controller, HttpCode, Module, Param, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServerContainer } from 'serval';
import { ServalModule } from 'serval/nestjs';
import { main, type Running } from '../../main';
import { Chat, LoginGuard, RoomRepository, TrimPipe } from './chat';

@Controller('rooms')
@UseGuards(LoginGuard)
export class RoomController {
  constructor(private readonly container: ServerContainer) {}

  @Post(':room/notices')
  @HttpCode(204)
  notify(@Param('room') room: string): void {
    this.container.to(room).send('The kettle is on.');
  }
}

@Module({
  imports: [ServalModule.forRoot()],
  controllers: [RoomController],
  providers: [Chat, LoginGuard, RoomRepository, TrimPipe],
})
export class AppModule {}

/** NestJS: an endpoint among the providers, a guard for the handshake and routes, and a controller that sends to a room. */
export async function start(port: number): Promise<Running> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  await app.listen(port);
  const server = app.getHttpServer() as Server;
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeIdleConnections();
      await app.close();
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/rooms/tea?user=ann');
