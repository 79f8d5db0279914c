import { html, type Markup } from './markup.ts';
import { moment } from './moment.ts';
import { STYLE } from './style.ts';

/** What every page has. */
export interface PageFrame {
  readonly title: string;
  readonly heading: string;
  /** Where the view is: no slash at the end. */
  readonly basePath: string;
  /** The page that this is; it links to the other. */
  readonly path: '/' | '/history';
  readonly nowMs: number;
}

const PAGES = [
  ['/', 'Now'],
  ['/history', 'History'],
] as const;

/** A whole document: no script, no request to anywhere. */
export function page(frame: PageFrame, content: Markup): string {
  const { title, heading, nowMs } = frame;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${heading}</h1>
<p class="quiet">As of ${moment(new Date(nowMs).toISOString())} UTC</p>
<nav aria-label="Pages"><ul role="list">${PAGES.map((each) => link(frame, each))}</ul></nav>
</header>
<main id="content" tabindex="-1">
${content}</main>
<footer>
<p class="quiet">Reload by itself: <a href="?">off</a>, <a href="?refresh=30">every 30 s</a>, <a href="?refresh=300">every 5 min</a>. <a href="?format=json">As JSON</a></p>
</footer>
</body>
</html>
`.markup;
}

function link({ basePath, path }: PageFrame, [to, name]: (typeof PAGES)[number]): Markup {
  const current = to === path ? html` aria-current="page"` : undefined;
  const href = to === '/' ? basePath || '/' : basePath + to;
  return html`<li><a href="${href}"${current}>${name}</a></li>`;
}

/** A table that scrolls by itself on a narrow screen, also by keyboard. */
export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (Markup | string)[])[],
): Markup {
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table>
<caption class="quiet">${caption}</caption>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>
`;
}
