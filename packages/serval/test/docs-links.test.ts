import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readPages, ROOT } from './documentation';

interface Link {
  /** `docs/guides/codecs.md: ../reference/errors.md#codes`. */
  readonly place: string;
  /** The file it points to, from the file system's root. */
  readonly file: string;
  /** Without the number sign; empty for none. */
  readonly anchor: string;
}

const PAGES = readPages({ examples: true });
const INLINE = /\[(?:[^\]\\]|\\.)*\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g;
const HTML = /<(?:img|a|source)\s[^>]*?(?:src|href|srcset)="([^"]+)"/g;

const LINKS = PAGES.flatMap(({ path, text }) => {
  const prose = withoutCode(text);
  // An image may be the text of a link, so the outer link is found in what is left without images.
  const targets = [
    ...[...prose.matchAll(HTML)].map(([, target = '']) => target),
    ...[...prose.matchAll(INLINE)].map(([, target = '']) => target),
    ...[...prose.replaceAll(/!\[[^\]]*\]\([^)]*\)/g, '').matchAll(INLINE)].map(([, target = '']) => target),
  ];
  return [...new Set(targets)]
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
    .map((target): Link => {
      const [file = '', anchor = ''] = target.split('#');
      return {
        place: `${path}: ${target}`,
        file: file === '' ? join(ROOT, path) : join(ROOT, dirname(path), decodeURI(file)),
        anchor,
      };
    });
});

function withoutCode(text: string): string {
  return text
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, 'code')
    .replaceAll(/<!--[^]*?-->/g, '');
}

/** The anchors of a page, as code hosts make them from its headings. */
function anchorsOf(file: string): Set<string> {
  const anchors = new Set<string>();
  const text = readFileSync(file, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

describe('links', () => {
  it.each(LINKS)('$place leads to a file of the repository', ({ file }) => {
    expect(relative(ROOT, file).startsWith('..')).toBe(false);
    expect(existsSync(file)).toBe(true);
  });

  it.each(LINKS.filter(({ anchor }) => anchor !== ''))('$place leads to a heading', ({ file, anchor }) => {
    expect(statSync(file).isFile()).toBe(true);
    expect(anchorsOf(file)).toContain(anchor);
  });

  it('docs/README.md lists every page of the documentation', () => {
    const listed = LINKS.filter(({ place }) => place.startsWith('docs/README.md: ')).map(({ file }) => file);
    const pages = PAGES.map(({ path }) => path).filter((path) => /^docs\/(?!README|internals\/decisions\/)/.test(path));
    expect(pages.filter((path) => !listed.includes(join(ROOT, path)))).toEqual([]);
  });

  it('reads the expected pages', () => {
    expect(PAGES.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['README.md', 'docs/guides/getting-started.md', 'packages/api/README.md']),
    );
  });
});
