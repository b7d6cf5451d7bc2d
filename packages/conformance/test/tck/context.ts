import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EndpointClass, ServerContainerOptions, ServerEndpointConfig, ServerContainer } from 'serval';

/** One web application of the TCK: what a WAR file is there. */
export interface TckContext {
  /** The context root: one segment, such as `/wsc_ee_coder_web`. */
  readonly root: string;
  /** Container options beside the context path. `allowedOrigins` is `'*'` unless it is given here. */
  readonly options?: Omit<ServerContainerOptions, 'contextPath'>;
  /** Deployed in this order, before {@link deploy} is called. */
  readonly endpoints?: readonly (EndpointClass | ServerEndpointConfig)[];
  /** Deploys what a list cannot say: what a ServerApplicationConfig or a start-up listener does in Java. */
  readonly deploy?: (container: ServerContainer) => void | Promise<void>;
  /** Servlets that upgrade requests themselves, by their path below the context root, such as `/TCKTestServlet`. */
  readonly servlets?: Readonly<Record<string, Servlet>>;
}

/** Serves upgrade requests on a path without an endpoint. An exception gives 500. */
export type Servlet = (exchange: UpgradeExchange, container: ServerContainer) => void | Promise<void>;

/** The arguments of Node's 'upgrade' event. */
export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
