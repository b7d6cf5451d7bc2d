import {
  ClientEndpointConfig,
  CloseReason,
  DecodeException,
  EndpointConfig,
  IOException,
  OnClose,
  OnError,
  OnOpen,
  PathParam,
  ServerEndpointConfig,
  Session,
} from '@serval/api';
import type { Binder } from '../src/argument-binder';
import { arrangements, endpointWith, expectRefusal, fakeSession, plan, type Declaration } from './planning';

const session = fakeSession({ room: 'garden', seat: '7' });
const reason = new CloseReason(1000);
const failure = new IOException('gone');

const ROOM = PathParam('room');
const SEAT = PathParam('seat', Number);

/** The value that a parameter of each role receives. */
const VALUES = new Map<unknown, unknown>([
  [Session, session],
  [EndpointConfig, session.endpointConfig],
  [ServerEndpointConfig, session.endpointConfig],
  [ClientEndpointConfig, session.endpointConfig],
  [CloseReason, reason],
  [Error, failure],
  [ROOM, 'garden'],
  [SEAT, 7],
]);

function expectArguments(bind: Binder | undefined, payload: unknown, roles: readonly unknown[]): void {
  const args = bind?.(session, payload, true);
  expect(args).toHaveLength(roles.length);
  // By identity: two different objects may be equal.
  roles.forEach((role, index) => expect(args?.[index]).toBe(VALUES.get(role)));
}

describe.each<Declaration>(['params', 'metadata'])('parameters declared by %s', (declaration) => {
  test('[WSC-4.4-2] @OnOpen takes a Session, an EndpointConfig and path parameters in any order', () => {
    const permitted = arrangements([], [Session, EndpointConfig, ROOM, SEAT]);
    expect(permitted).toHaveLength(65);
    for (const roles of permitted) {
      expectArguments(plan(endpointWith(OnOpen, roles, declaration)).open?.bind, undefined, roles);
    }
  });

  test.each([[ServerEndpointConfig], [ClientEndpointConfig]])('@OnOpen takes the config as %p', (config) => {
    const roles = [config, Session];
    expectArguments(plan(endpointWith(OnOpen, roles, declaration)).open?.bind, undefined, roles);
  });

  test('[WSC-4.5-2] @OnClose takes a Session, a CloseReason and path parameters in any order', () => {
    const permitted = arrangements([], [Session, CloseReason, ROOM, SEAT]);
    expect(permitted).toHaveLength(65);
    for (const roles of permitted) {
      expectArguments(plan(endpointWith(OnClose, roles, declaration)).close?.bind, reason, roles);
    }
  });

  test('[WSC-4.6-1] @OnError takes an Error, and a Session and path parameters, in any order', () => {
    const permitted = arrangements<unknown>([Error], [Session, ROOM, SEAT]);
    expect(permitted).toHaveLength(49);
    for (const roles of permitted) {
      expectArguments(plan(endpointWith(OnError, roles, declaration)).error?.bind, failure, roles);
    }
  });

  test('a handler takes any number of path parameters', () => {
    const roles = [ROOM, SEAT, ROOM, ROOM, SEAT];
    expectArguments(plan(endpointWith(OnOpen, roles, declaration)).open?.bind, undefined, roles);
  });

  describe('refuses', () => {
    test.each([
      [
        '[WSC-4.4-2] @OnOpen with a message',
        OnOpen,
        [Session, String],
        2,
        'String',
        '@OnOpen takes a Session, an Endp',
      ],
      ['[WSC-4.4-2] @OnOpen with a CloseReason', OnOpen, [CloseReason], 1, 'CloseReason', '@OnOpen takes a Session'],
      ['[WSC-4.4-2] @OnOpen with an Error', OnOpen, [Session, EndpointConfig, Error], 3, 'Error', '@OnOpen takes'],
      ['[WSC-4.5-2] @OnClose with a config', OnClose, [EndpointConfig], 1, 'EndpointConfig', 'a CloseReason and @Path'],
      ['[WSC-4.5-2] @OnClose with a number', OnClose, [Session, CloseReason, Number], 3, 'Number', '@OnClose takes'],
      ['[WSC-4.6-1] @OnError with a CloseReason', OnError, [Error, CloseReason], 2, 'CloseReason', '@OnError takes'],
      [
        '[WSC-4.6-1] @OnError with a config',
        OnError,
        [EndpointConfig, Error],
        1,
        'EndpointConfig',
        'an Error, and opt',
      ],
      [
        '[WSC-4.6-1] @OnError with an Error subclass',
        OnError,
        [Session, DecodeException],
        2,
        'DecodeException',
        'an Error',
      ],
    ])('%s', (_title, annotation, roles, position, found, remedy) => {
      expectRefusal(endpointWith(annotation, roles, declaration), 'WS_DEPLOY_BAD_PARAMETER', [
        `Endpoint.handle: parameter ${position} is of type ${found};`,
        remedy,
        'Remove it or change its type.',
      ]);
    });

    test.each([
      ['[WSC-4.4-2] @OnOpen with two Sessions', OnOpen, [Session, ROOM, Session], 3, 'Session'],
      ['[WSC-4.4-2] @OnOpen with two configs', OnOpen, [EndpointConfig, EndpointConfig], 2, 'EndpointConfig'],
      ['@OnOpen with two kinds of config', OnOpen, [EndpointConfig, ServerEndpointConfig], 2, 'EndpointConfig'],
      ['[WSC-4.5-2] @OnClose with two Sessions', OnClose, [Session, Session], 2, 'Session'],
      ['[WSC-4.5-2] @OnClose with two CloseReasons', OnClose, [CloseReason, Session, CloseReason], 3, 'CloseReason'],
      ['[WSC-4.6-1] @OnError with two Sessions', OnError, [Session, Error, Session], 3, 'Session'],
      ['[WSC-4.6-1] @OnError with two Errors', OnError, [Error, Error], 2, 'Error'],
    ])('%s', (_title, annotation, roles, position, found) => {
      expectRefusal(endpointWith(annotation, roles, declaration), 'WS_DEPLOY_BAD_PARAMETER', [
        `Endpoint.handle: parameter ${position} is a second ${found}; remove it.`,
      ]);
    });

    test.each([
      ['nothing', []],
      ['a Session', [Session]],
      ['path parameters', [ROOM, SEAT]],
    ])('[WSC-4.6-1] @OnError with %s but no Error', (_title, roles) => {
      expectRefusal(endpointWith(OnError, roles, declaration), 'WS_DEPLOY_BAD_PARAMETER', [
        'Endpoint.handle: @OnError needs a parameter of type Error; found none. Add one (WSC-4.6).',
      ]);
    });
  });
});
