import type { ServerEndpointConfig } from '@serval/api';
import type { EndpointPlan } from '@serval/plan';

/** An endpoint that is in service. */
export interface DeployedEndpoint {
  readonly plan: EndpointPlan;
  /** What it was deployed with; each connection receives a copy of its user properties. */
  readonly config: ServerEndpointConfig;
}
