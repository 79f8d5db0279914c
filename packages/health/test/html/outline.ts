const VOID = new Set(['meta', 'br', 'path', 'rect']);

/** One element of a page. */
export interface PageElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** All of it, inside and out. */
  readonly text: string;
}

/**
 * The elements of a page in their order. Stricter than a browser: throws when a tag is not closed by
 * its own, an attribute is not quoted, or an entity is not one of the five.
 */
export function outline(page: string): PageElement[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: (typeof found)[number][] = [];
  const body = page.replace('<!doctype html>', '').replace(/<style>[^<]*<\/style>/, '');
  for (const [token] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    if (!token.startsWith('<')) {
      for (const element of open) element.text += decode(token);
      continue;
    }
    const [, slash, name = '', rest = ''] =
      /^<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*\/?>$/.exec(token) ?? [];
    if (name === '') throw new Error(`no tag: ${token}`);
    if (slash === '/') {
      const closed = open.pop()?.name;
      if (closed !== name) throw new Error(`</${name}> closes <${closed}>`);
      continue;
    }
    const attributes = Object.fromEntries(
      [...rest.matchAll(/([a-zA-Z-]+)(?:="([^"]*)")?/g)].map(([, key = '', value = '']) => [
        key,
        decode(value),
      ]),
    );
    const element = { name, attributes, text: '' };
    found.push(element);
    if (!VOID.has(name)) open.push(element);
  }
  if (open.length > 0) throw new Error(`left open: ${open.map(({ name }) => name).join()}`);
  return found;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function decode(text: string): string {
  return text.replaceAll(/&[^;\s]*;?/g, (entity) => {
    const character = ENTITIES[entity];
    if (character === undefined) throw new Error(`no entity: ${entity}`);
    return character;
  });
}
