import { nearestName } from '@serval/api/spi';
import type { UriTemplate } from './uri-template';

const MAX_COMPARED = 100;

/**
 * The template that a path, at which no endpoint is deployed, probably means: one that differs by case, a trailing slash or
 * the context path, else by a few letters.
 *
 * @param contextPath the segments in front of all templates
 */
export function nearestTemplate(
  segments: readonly string[],
  contextPath: readonly string[],
  templates: readonly UriTemplate[],
): string | undefined {
  const prefix = contextPath.map((segment) => `/${segment}`).join('');
  const wanted = withoutTrailing(segments);
  const expected = templates.map((template) => ({
    template,
    full: [...contextPath.map(literal), ...template.segments],
  }));
  const alike = expected.find(({ template, full }) => fits(wanted, full) || fits(wanted, template.segments));
  if (alike !== undefined) return prefix + alike.template.path;
  const path = `/${wanted.join('/')}`;
  // The comparison takes time for each letter of a path that a client chose.
  if (path.length > MAX_COMPARED) return undefined;
  return nearestName(
    path,
    templates.map((template) => prefix + template.path),
  );
}

type Segment = UriTemplate['segments'][number];

function literal(text: string): Segment {
  return { kind: 'literal', text };
}

function withoutTrailing(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function fits(segments: readonly string[], template: readonly Segment[]): boolean {
  const last = template.at(-1);
  const wanted = last?.kind === 'literal' && last.text === '' ? template.slice(0, -1) : template;
  return (
    segments.length === wanted.length &&
    wanted.every(
      (segment, index) => segment.kind === 'variable' || segment.text.toLowerCase() === segments[index]?.toLowerCase(),
    )
  );
}
