import { tolerateNoErrors } from '@serval/protocol';
import { ConnectionEndpointConfig } from './endpoint-config';
import { acceptsOrigin, authenticated, nameOf } from './handshake-calls';
import type { WsHandshakeRequest } from './handshake-request';
import { runHandshake, type Handshake } from './handshake-run';
import { handshakeRequest, originOf } from './request-checks';
import type { RoutedUpgrade, UpgradeContext } from './routed-request';
import { foreignOrigin } from './upgrade-refusal';

// The steps of the recipe that a further request of a session goes through, such as a poll of SockJS.

/**
 * Finds the user of a request, and checks its host, its user's roles and its origin. Refuses the request if one of them
 * is wrong. Never rejects.
 *
 * @param known called with the name of the user, if everything is right
 */
export function identify(
  context: UpgradeContext,
  received: RoutedUpgrade,
  known: (user: string | undefined) => void,
): Promise<void> {
  return runHandshake(context, received, {
    read: readFollowUp,
    decide: async (handshake, request) => {
      const { routed, pending } = handshake;
      const user = await authenticated(context, routed, request);
      request.userPrincipal = user;
      context.security.requireRoles(routed, request);
      if (pending.isOver) return;
      await requireOrigin(handshake, request);
      const name = user === null ? undefined : nameOf(user);
      if (pending.isOver) return;
      pending.take();
      tolerateNoErrors(routed.client.events);
      known(name);
    },
  });
}

/**
 * The same for a request without a user, such as the preflight request of a browser: checks its host and its origin.
 *
 * @param allowed called if both are right
 */
export function checkOrigin(context: UpgradeContext, received: RoutedUpgrade, allowed: () => void): Promise<void> {
  return runHandshake(context, received, {
    hasMiddleware: false,
    read: readFollowUp,
    decide: async (handshake, request) => {
      await requireOrigin(handshake, request);
      if (handshake.pending.isOver) return;
      handshake.pending.take();
      tolerateNoErrors(handshake.routed.client.events);
      allowed();
    },
  });
}

function readFollowUp({ context, routed }: Handshake): WsHandshakeRequest {
  const request = handshakeRequest(context, routed);
  context.security.requireTransport(routed);
  return request;
}

async function requireOrigin({ context, routed }: Handshake, request: WsHandshakeRequest): Promise<void> {
  const origin = originOf(request);
  const config = new ConnectionEndpointConfig(routed.endpoint.config);
  if (!(await acceptsOrigin({ context, config, request }, origin))) throw foreignOrigin(context, routed, origin);
}
