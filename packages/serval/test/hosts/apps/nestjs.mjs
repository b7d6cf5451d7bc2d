// NestJS with ServalModule, on the adapter that the first argument names: express or fastify.
import 'reflect-metadata';
import {
  BadRequestException,
  Catch,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  Scope,
  SetMetadata,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_GUARD, NestFactory, REQUEST, Reflector } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { IsString, Min } from 'class-validator';
import session from 'express-session';
import passport from 'passport';
import { map } from 'rxjs';
import serval from '../../../dist/index.js';
import plugin from '../../../dist/nestjs.js';
import { isHttp2, options, room, run } from './host.mjs';

const { json, OnMessage, OnOpen, ServerContainer, ServerEndpoint, Session } = serval;
const { ServalModule } = plugin;

/** Decorates a class as the legacy dialect does, with the types of its constructor's parameters. */
function decorated(target, types, ...decorators) {
  Reflect.defineMetadata('design:paramtypes', types, target);
  Reflect.decorate(decorators, target);
}

function method(target, name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name);
  for (const decorate of decorators.reverse()) decorate(target.prototype, name, descriptor);
}

// --- enhancers ---

/** Of the application: identifies the user, unless the handler is public. */
class LoginGuard {
  constructor(reflector) {
    this.reflector = reflector;
  }
  canActivate(context) {
    if (this.reflector.getAllAndOverride('public', [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest();
    const user = request.headers['x-user'];
    if (user === undefined) throw new UnauthorizedException('who are you?');
    request.user = { id: user };
    return true;
  }
}
decorated(LoginGuard, [Reflector], Injectable());

/** Of the class: reads a path parameter. */
class RoomGuard {
  constructor(repository) {
    this.repository = repository;
  }
  canActivate(context) {
    return this.repository.rooms.includes(context.switchToHttp().getRequest().params.room);
  }
}

/** Of a method: runs for each of its messages. */
class PoliteGuard {
  canActivate(context) {
    const ws = context.switchToWs();
    return context.getType() === 'ws' && !ws.getData().includes('bad') && ws.getClient().isOpen();
  }
}
decorated(PoliteGuard, [], Injectable());

class TrimPipe {
  transform(value) {
    if (value.trim() === '') throw new BadRequestException('empty');
    return value.trim();
  }
}
decorated(TrimPipe, [], Injectable());

class LoudInterceptor {
  intercept(_context, next) {
    return next.handle().pipe(map((value) => `${value}!`));
  }
}
decorated(LoudInterceptor, [], Injectable());

class ForbiddenFilter {
  catch(_exception, host) {
    return `forbidden: ${host.switchToWs().getData()}`;
  }
}
decorated(ForbiddenFilter, [], Catch(ForbiddenException));

class EmptyFilter {
  catch(exception, host) {
    host.switchToWs().getClient().send(`refused: ${exception.message}`);
  }
}
decorated(EmptyFilter, [], Catch(BadRequestException));

// --- a feature module, whose providers only it can inject ---

class Repository {
  constructor() {
    this.rooms = ['blue', 'green'];
  }
}
decorated(Repository, [], Injectable());
decorated(RoomGuard, [Repository], Injectable());

let visits = 0;
class Visit {
  constructor(request) {
    this.text = `visit ${++visits} of ${request.getUserPrincipal().getName()}`;
  }
}
Inject(REQUEST)(Visit, undefined, 0);
decorated(Visit, [Object], Injectable({ scope: Scope.REQUEST }));

class Chat {
  constructor(repository, visit) {
    this.repository = repository;
    this.visit = visit;
  }
  enter(session) {
    session.join(session.params.room);
  }
  say(text) {
    return `${this.visit.text}: ${text} of ${this.repository.rooms.length}`;
  }
}
method(Chat, 'enter', OnOpen({ params: [Session] }));
method(
  Chat,
  'say',
  OnMessage({ params: [String] }),
  UseGuards(PoliteGuard),
  UsePipes(TrimPipe),
  UseInterceptors(LoudInterceptor),
  UseFilters(ForbiddenFilter),
);
decorated(
  Chat,
  [Repository, Visit],
  Injectable(),
  UseGuards(RoomGuard),
  UseFilters(EmptyFilter),
  ServerEndpoint('/chat/{room}'),
);

class Deployed {
  enter() {}
  echo(text) {
    return text;
  }
}
method(Deployed, 'enter', OnOpen({ params: [] }), SetMetadata('public', true));
method(Deployed, 'echo', OnMessage({ params: [String] }));
decorated(Deployed, [], Injectable(), ServerEndpoint('/deployed'));

/** A guard that NestJS would have to make for each request. */
class TenantGuard {
  constructor(visit) {
    this.visit = visit;
  }
  canActivate() {
    return this.visit !== undefined;
  }
}
decorated(TenantGuard, [Visit], Injectable());

class Tenants {
  echo(text) {
    return text;
  }
}
method(Tenants, 'echo', OnMessage({ params: [String] }), UseGuards(TenantGuard));
decorated(Tenants, [], Injectable(), ServerEndpoint('/tenants'));

const others = process.argv[3] === 'request-scoped' ? [Tenants] : [];

class ChatModule {}
decorated(ChatModule, [], Module({ providers: [Repository, Visit, Chat, Deployed, ...others] }));

// --- controllers ---

class Rooms {
  constructor(container) {
    this.container = container;
  }
  upgrade(request, response) {
    const { raw = request } = request;
    // The user that the guard found: Fastify's request is not Node's.
    raw.user = request.user;
    return this.container.upgradeHttpToWebSocket(raw, response.raw ?? response, room, request.params);
  }
  page() {
    return 'a page';
  }
  broken() {
    throw new Error('broken');
  }
  silent() {
    return new Promise(() => undefined);
  }
  notify(request) {
    this.container.to(request.params.room).send('from a route');
    return { members: this.container.to(request.params.room).sessions().length ?? 0 };
  }
}
const isPublic = SetMetadata('public', true);
method(Rooms, 'upgrade', Get('rooms/:room'));
Req()(Rooms.prototype, 'upgrade', 0);
Res()(Rooms.prototype, 'upgrade', 1);
method(Rooms, 'page', Get('page'), isPublic);
method(Rooms, 'broken', Get('broken'), isPublic);
method(Rooms, 'silent', Get('silent'), isPublic);
method(Rooms, 'notify', Post('notify/:room'), isPublic);
Req()(Rooms.prototype, 'notify', 0);
decorated(Rooms, [ServerContainer], Controller());

// --- answers of guards on the handshake ---

/** Refuses in the way that the query names. */
class AnsweringGuard {
  canActivate(context) {
    const { query } = context.switchToHttp().getRequest();
    const response = context.switchToHttp().getResponse();
    if (query.how === 'body') throw new HttpException({ code: 'no-plan', plans: ['gold'] }, 402);
    if (query.how === 'text') throw new HttpException('the kettle is cold', 418);
    if (query.how === 'headers') {
      response.setHeader('WWW-Authenticate', 'Bearer realm="chat"');
      throw new UnauthorizedException('who are you?');
    }
    if (query.how === 'redirect') {
      if ('redirect' in response) response.redirect(307, '/login');
      else response.writeHead(307, { Location: '/login' }).end();
      return query.then === 'true';
    }
    if (query.how === 'error') throw new Error('the database is down');
    return true;
  }
}
decorated(AnsweringGuard, [], Injectable());

class Answered {
  echo(text) {
    return text;
  }
}
method(Answered, 'echo', OnMessage({ params: [String] }));
decorated(Answered, [], Injectable(), UseGuards(AnsweringGuard), ServerEndpoint('/answered'));

// --- @nestjs/passport on the handshake, class-validator on messages ---

class TokenStrategy extends PassportStrategy(passport.Strategy, 'token') {
  authenticate(request) {
    const token = new URL(request.url, 'http://localhost').searchParams.get('token');
    if (token === null) this.fail('no token', 401);
    else this.success({ id: token, scopes: ['orders'] });
  }
  validate() {}
}
decorated(TokenStrategy, [], Injectable());

class Order {}
IsString()(Order.prototype, 'item');
Min(1)(Order.prototype, 'count');

class InvalidFilter {
  catch(exception, host) {
    host.switchToWs().getClient().send({ type: 'invalid', why: exception.getResponse().message });
  }
}
decorated(InvalidFilter, [], Catch(BadRequestException));

const Json = json();
class Orders {
  order(order, session) {
    return { type: 'ordered', item: order.item, isOrder: order instanceof Order, by: session.user.id };
  }
}
Reflect.defineMetadata('design:paramtypes', [Order, Session], Orders.prototype, 'order');
method(
  Orders,
  'order',
  OnMessage('order', { params: [Json, Session] }),
  UsePipes(new ValidationPipe({ transform: true })),
  UseFilters(InvalidFilter),
);
decorated(
  Orders,
  [],
  Injectable(),
  SetMetadata('public', true),
  UseGuards(AuthGuard('token')),
  ServerEndpoint('/orders', { codecs: [Json] }),
);

class App {}
decorated(
  App,
  [],
  Module({
    imports: [ServalModule.forRootAsync({ useFactory: async () => ({ ...options, routeUpgrades: true }) }), ChatModule],
    controllers: [Rooms],
    providers: [Answered, Orders, TokenStrategy, { provide: APP_GUARD, useClass: LoginGuard }],
  }),
);

const adapter = process.argv[2] ?? 'express';
const app =
  adapter === 'express'
    ? await NestFactory.create(App, { logger: false })
    : await NestFactory.create(App, new (await import('@nestjs/platform-fastify')).FastifyAdapter({ http2: isHttp2 }), {
        logger: false,
      });
app.use((_request, response, next) => {
  response.setHeader('X-Trail', 'first');
  next();
});
if (adapter === 'express')
  app.use(session({ secret: 'a secret', name: 'sid', resave: false, saveUninitialized: true }));
await app.listen(0, '127.0.0.1');
run({ server: app.getHttpServer(), stop: () => app.close() });
