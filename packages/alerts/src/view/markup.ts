/** HTML. Only {@link html} makes it, so text that is put into it stays text. */
export interface Markup {
  readonly markup: string;
}

type Content = Markup | string | number | undefined | null | readonly Markup[];

/** The parts between the braces are escaped, in quoted attributes too, unless they are markup. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let markup = '';
  for (const [at, part] of template.entries()) markup += part + markupOf(contents[at]);
  return { markup };
}

function markupOf(content: Content): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  return 'markup' in content ? content.markup : content.map(markupOf).join('');
}

/** Control characters and marks of direction too: they could make a line say what it does not. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
}
