import type { Status } from '../status.ts';
import { html, type Markup } from './markup.ts';

/** A disc with a tick, a triangle, an octagon with a cross: told apart without colour. */
const SHAPES: Readonly<Record<Status, Markup>> = {
  pass: html`<path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm4.3 5.1-1.4-1.4L6.8 8.9 5.1 7.2 3.7 8.6l3.1 3.1Z"/>`,
  warn: html`<path fill-rule="evenodd" d="M8 .5 16 15H0ZM7 5.5v5h2v-5Zm0 6.25v1.75h2v-1.75Z"/>`,
  fail: html`<path fill-rule="evenodd" d="M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7Zm.9 4.2L4.2 5.6 6.6 8l-2.4 2.4 1.4 1.4L8 9.4l2.4 2.4 1.4-1.4L9.4 8l2.4-2.4-1.4-1.4L8 6.6Z"/>`,
};

/** A status in words, as they are said of a check. */
export const WORDS: Readonly<Record<Status, string>> = {
  pass: 'passing',
  warn: 'warning',
  fail: 'failing',
};

/** A status by shape and in words; its colour comes from a class of what it stands in. */
export function statusMark(status: Status, words: string = WORDS[status]): Markup {
  return html`<span class="state"><svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">${SHAPES[status]}</svg>${words}</span>`;
}
