// `serval/nestjs` on the real NestJS: prints what two sessions and a failed handshake see of their providers.
import 'reflect-metadata';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { ModuleRef, NestFactory, REQUEST } from '@nestjs/core';
import serval from '../../../../serval/dist/index.js';
import adapter from '../../../../serval/dist/nestjs.js';

const { connect, OnClose, OnMessage, Server, ServerEndpoint } = serval;

/** Decorates a class as the legacy dialect does, with the types of its constructor's parameters. */
function decorated(target, types, ...decorators) {
  Reflect.defineMetadata('design:paramtypes', types, target);
  Reflect.decorate(decorators, target);
}

function handler(target, name, decorator) {
  decorator(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
}

class Catalogue {
  onModuleDestroy() {
    console.log('catalogue destroyed');
  }
}
decorated(Catalogue, [], Injectable());

let carts = 0;
class Cart {
  constructor(request) {
    this.id = ++carts;
    this.query = request.getQueryString();
  }
}
Inject(REQUEST)(Cart, undefined, 0);
decorated(Cart, [Object], Injectable({ scope: Scope.REQUEST }));

class Shop {
  constructor(catalogue, cart, sameCart) {
    if (cart.query === 'broken') throw new Error('no stock');
    this.cart = cart;
    this.isRight = catalogue instanceof Catalogue && cart === sameCart;
  }
  ask(mark) {
    return `cart ${this.cart.id}, ${this.cart.query}, ${this.isRight}${mark}`;
  }
  close() {
    console.log(`cart ${this.cart.id} closed`);
  }
  async onModuleDestroy() {
    console.log(`cart ${this.cart.id} destroyed`);
  }
}
handler(Shop, 'ask', OnMessage({ params: [String] }));
handler(Shop, 'close', OnClose({ params: [] }));
decorated(Shop, [Catalogue, Cart, Cart], Injectable(), ServerEndpoint('/shop'));

class App {}
decorated(App, [], Module({ providers: [Catalogue, Cart] }));

const app = await NestFactory.createApplicationContext(App, { logger: false });
const server = await new Server({
  host: '127.0.0.1',
  logger: { error() {}, warn() {}, debug() {} },
  endpoints: [Shop],
  instanceFactory: adapter.nestjs(app.get(ModuleRef)),
}).start();
const url = `ws://127.0.0.1:${server.port}/shop`;

for (const query of ['a', 'b']) {
  const connection = await connect(`${url}?${query}`);
  await connection.send('?');
  for await (const answer of connection) {
    console.log(answer);
    break;
  }
  await connection.close();
}
await connect(`${url}?broken`).catch((error) => console.log(`refused: ${/\b500\b/.test(error.message)}`));
await server.stop();
await app.close();
