/** A piece of HTML: what is put into it as text cannot become more than text. */
export interface Markup {
  readonly markup: string;
}

type Content = Markup | string | number | undefined | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text is escaped, for attributes in quotes too; nothing is made of `undefined`. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const parts = template.map((part, at) => part + markupOf(contents[at]));
  return { markup: parts.join('') };
}

function markupOf(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escape(String(content));
  if ('markup' in content) return content.markup;
  return content.map(({ markup }) => markup).join('');
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
