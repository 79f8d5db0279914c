/**
 * The text of kube-apiserver's `/healthz`, `/livez` and `/readyz`, word for word, so that what reads
 * theirs reads ours.
 *
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/server/healthz/healthz.go
 */
import type { PageRoute } from './route.ts';
import type { Line, Selection, View } from './view.ts';

/** One page; with `only`, one check. Says why something fails only with `showsReasons`. */
export function kubeText(
  { lines, report }: View,
  { name, only }: PageRoute,
  { excludes, isVerbose }: Selection,
  showsReasons: boolean,
): string {
  const isOk = report.status !== 'fail';
  if (isOk && (!isVerbose || only !== undefined)) return 'ok';
  if (only !== undefined) {
    return `internal server error: ${lines.map((line) => reasonOf(line, showsReasons)).join()}\n`;
  }
  const unknown = [...excludes].filter((exclude) => lines.every((line) => line.name !== exclude));
  return [
    ...lines.map((line) => render(line, showsReasons)),
    unknown.length === 0
      ? ''
      : `warn: some health checks cannot be excluded: no matches for ${unknown.toSorted().map(goQuote).join(',')}\n`,
    `${name} check ${isOk ? 'passed' : 'failed'}\n`,
  ].join('');
}

function render(line: Line, showsReasons: boolean): string {
  if (line.isExcluded) return `[+]${line.name} excluded: ok\n`;
  if (line.standing.status !== 'fail') return `[+]${line.name} ok\n`;
  return `[-]${line.name} failed: ${reasonOf(line, showsReasons)}\n`;
}

function reasonOf({ standing: { code }, message }: Line, showsReasons: boolean): string {
  if (!showsReasons) return 'reason withheld';
  return message === undefined ? code : `${code}: ${message}`;
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** As Go's `%q`. The text came from whoever asked; it must not be able to add a line. */
function goQuote(text: string): string {
  const escaped = text.replaceAll(/["\\]|[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    if (hex.length <= 2) return GO_ESCAPES[character] ?? `\\x${hex.padStart(2, '0')}`;
    return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  return `"${escaped}"`;
}
