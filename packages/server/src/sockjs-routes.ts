import { DeploymentException } from '@serval/api';
import { PLACE_LENGTHS, placeAt, type Place } from '@serval/sockjs';
import type { RouteMatch } from './endpoint-router';
import type { RequestTarget } from './request-target';
import type { SockJsSettings } from './sockjs-settings';
import type { TemplateSegment, UriTemplate } from './uri-template';

/** An endpoint that may speak SockJS. */
interface MaySpeak {
  readonly sockJs: SockJsSettings | undefined;
}

/** A resource of SockJS below the path of an endpoint. */
export interface SockJsRoute<T> {
  readonly match: RouteMatch<T>;
  readonly settings: SockJsSettings;
  readonly place: Place;
  /** The endpoint's part of the request target. */
  readonly target: RequestTarget;
}

/**
 * Finds the resource of SockJS at a path.
 *
 * @param match finds the endpoint at the first segments of a path
 */
export function sockJsRoute<T extends MaySpeak>(
  target: RequestTarget,
  match: (segments: readonly string[]) => RouteMatch<T> | undefined,
): SockJsRoute<T> | undefined {
  const { segments } = target;
  for (const length of PLACE_LENGTHS) {
    const baseLength = segments.length - length;
    const place = baseLength < 0 ? undefined : placeAt(segments.slice(baseLength));
    const found = place && match(segments.slice(0, baseLength));
    const settings = found?.target.sockJs;
    if (place === undefined || found === undefined || settings === undefined) continue;
    return { match: found, settings, place, target: baseOf(target, baseLength) };
  }
  return undefined;
}

/** The session that a path names, whatever is deployed there. */
export function sessionRoute(
  target: RequestTarget,
): { readonly place: SessionPlace; readonly target: RequestTarget } | undefined {
  const baseLength = target.segments.length - 3;
  const place = baseLength < 0 ? undefined : placeAt(target.segments.slice(baseLength));
  return place?.kind === 'transport' ? { place, target: baseOf(target, baseLength) } : undefined;
}

type SessionPlace = Extract<Place, { kind: 'transport' }>;

/** The target without the part that SockJS reads, so that the session's ID does not reach the application. */
function baseOf(target: RequestTarget, baseLength: number): RequestTarget {
  const { segments, query } = target;
  const base = segments.slice(0, baseLength);
  const raw = target.path.split('/');
  // With dot segments the raw path has other parts.
  const path =
    raw.length === segments.length + 1
      ? raw.slice(0, baseLength + 1).join('/')
      : `/${base.map((segment) => encodeURIComponent(segment)).join('/')}`;
  return { segments: base, path: path === '' ? '/' : path, query };
}

/** A deployed path, for the search for overlaps. */
export interface OccupiedPath {
  readonly endpoint: string;
  readonly template: UriTemplate;
  readonly sockJs: boolean;
}

/** A segment of a resource: a text, or what a client chooses, which has no dots. */
type PlaceSegment = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'chosen' };

const literal = (text: string): PlaceSegment => ({ kind: 'literal', text });
const chosen: PlaceSegment = { kind: 'chosen' };

const UPGRADES: readonly (readonly PlaceSegment[])[] = [[literal('websocket')], [chosen, chosen, literal('websocket')]];

const REQUESTS: readonly (readonly PlaceSegment[])[] = [
  [literal('')],
  [literal('info')],
  [literal('iframe.html')],
  ...['xhr', 'xhr_send', 'xhr_streaming', 'eventsource', 'htmlfile', 'jsonp', 'jsonp_send'].map((transport) => [
    chosen,
    chosen,
    literal(transport),
  ]),
];

/**
 * Paths of the same length are told apart by the router. Of another length, an endpoint at `/chat` with SockJS and one at
 * `/chat/{a}/{b}/websocket` would both answer `/chat/000/abc/websocket`.
 *
 * @throws DeploymentException when a request could belong to both
 */
export function requireNoOverlap(added: OccupiedPath, others: Iterable<OccupiedPath>): void {
  for (const other of others) {
    const shared = overlap(added, other) ?? overlap(other, added);
    if (shared === undefined) continue;
    throw new DeploymentException(
      `${added.endpoint} cannot be deployed at ${added.template.path}: a request to ${shared} would also belong to ${other.endpoint} at ${other.template.path}, because of SockJS. ` +
        'Change one of the paths, or set sockJs to false for one of them.',
      undefined,
      'WS_DEPLOY_DUPLICATE_PATH',
    );
  }
}

/** A path below the first endpoint that also belongs to the other one. */
function overlap(base: OccupiedPath, other: OccupiedPath): string | undefined {
  if (!base.sockJs || base.template.segments.length === other.template.segments.length) return undefined;
  const taken: (readonly PlaceSegment[])[] = other.sockJs ? [[], ...UPGRADES, ...REQUESTS] : [[]];
  for (const place of other.sockJs ? [...UPGRADES, ...REQUESTS] : UPGRADES)
    for (const otherPlace of taken) {
      const one = [...base.template.segments, ...place];
      const two = [...other.template.segments, ...otherPlace];
      if (one.length !== two.length || !one.every((segment, index) => canBeEqual(segment, two[index]))) continue;
      return `/${one.map((segment, index) => textOf(segment, two[index])).join('/')}`;
    }
  return undefined;
}

type AnySegment = PlaceSegment | TemplateSegment;

function canBeEqual(one: AnySegment, two: AnySegment | undefined): boolean {
  if (two === undefined) return false;
  if (one.kind === 'literal' && two.kind === 'literal') return one.text === two.text;
  if (one.kind === 'literal') return one.text !== '' && !(two.kind === 'chosen' && one.text.includes('.'));
  return two.kind !== 'literal' || canBeEqual(two, one);
}

function textOf(one: AnySegment, two: AnySegment | undefined): string {
  if (one.kind === 'literal') return one.text;
  if (two?.kind === 'literal') return two.text;
  return one.kind === 'variable' ? `{${one.name}}` : two?.kind === 'variable' ? `{${two.name}}` : '…';
}
