#!/usr/bin/env bash
# tsyringe disposes a singleton with the first scope that uses it, and goes on handing it out
#
# Versions   tsyringe 4.10.0, awilix 13.0.5, InversifyJS 8.2.3
# Expected   A child container is the scope of a request or a session. When it is disposed, the instances that belong
#            to it end. A singleton of its parent is shared by all scopes, and ends with the parent.
# Instead    tsyringe remembers an instance in the container that resolved it first, also a singleton of the parent.
#            The end of that scope disposes the singleton, and the other scopes still receive it. The end of the
#            parent no longer disposes it:
#
#              tsyringe     disposed with the scope      the next scope gets the disposed one
#              awilix       disposed with the parent     the next scope gets the live one
#              InversifyJS  deactivated with the parent  the next scope gets the live one
# Matters    One user leaves, and the pool of database connections of all others is closed: always the first one, so
#            it does not show in a test with one session. Resolve singletons once in the parent before a scope
#            exists, or do not dispose child containers.
# Seen       2026-11-30
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts tsyringe@4.10.0 awilix@13.0.5 inversify@8.2.3 reflect-metadata@0.2.2

cat >scopes.mjs <<'JS'
import 'reflect-metadata';
import { asClass, createContainer } from 'awilix';
import { Container, decorate, injectable } from 'inversify';
import { container, Lifecycle } from 'tsyringe';

const events = [];
class Pool {
  dispose() {
    events.push('disposed');
  }
}
decorate(injectable(), Pool);

const libraries = {
  tsyringe() {
    const parent = container.createChildContainer();
    parent.register('pool', { useClass: Pool }, { lifecycle: Lifecycle.Singleton });
    const scope = () => {
      const child = parent.createChildContainer();
      return { pool: () => child.resolve('pool'), end: () => child.dispose() };
    };
    return { scope, end: () => parent.dispose() };
  },
  awilix() {
    const parent = createContainer();
    parent.register({ pool: asClass(Pool).singleton().disposer((pool) => pool.dispose()) });
    const scope = () => {
      const child = parent.createScope();
      return { pool: () => child.resolve('pool'), end: () => child.dispose() };
    };
    return { scope, end: () => parent.dispose() };
  },
  inversify() {
    const parent = new Container();
    parent.bind('pool').to(Pool).inSingletonScope().onDeactivation((pool) => pool.dispose());
    const scope = () => {
      const child = new Container({ parent });
      return { pool: () => child.get('pool'), end: () => child.unbindAll() };
    };
    return { scope, end: () => parent.unbindAll() };
  },
};

for (const [name, open] of Object.entries(libraries)) {
  const { scope, end } = open();
  const [first, second] = [scope(), scope()];
  const pool = first.pool();
  await first.end();
  const afterScope = events.splice(0).length;
  const shared = second.pool() === pool;
  await end();
  console.log(`${name}: ${afterScope} with the scope, shared ${shared}, ${events.splice(0).length} with the parent`);
}
JS

seen=$(node scopes.mjs)
echo "$seen"
[ "$seen" = 'tsyringe: 1 with the scope, shared true, 0 with the parent
awilix: 0 with the scope, shared true, 1 with the parent
inversify: 0 with the scope, shared true, 1 with the parent' ]
