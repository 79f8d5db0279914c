/**
 * The text of kube-apiserver's `/healthz`, `/livez` and `/readyz`, word for word, so that what reads
 * theirs reads ours.
 *
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/server/healthz/healthz.go
 */
import type { CheckRunner } from './check-runner.ts';
import type { Engine } from './engine.ts';
import { standingOf } from './report.ts';

/** A z-page, by the first segment of its path. */
export interface Page {
  readonly name: string;
  readonly group: string;
}

export interface PageText {
  readonly isOk: boolean;
  readonly body: string;
}

/** One line: a check, or what stands in its place. */
interface Line {
  readonly name: string;
  /** `undefined` when it passes. */
  readonly reason: string | undefined;
  readonly isExcluded: boolean;
}

/** More are not looked at: each may cost a line of the answer. */
const MOST_EXCLUDES = 32;

/** `?verbose` counts by its presence, `?exclude=` may be repeated; excluded checks are not run. */
export async function kubeText(
  engine: Engine,
  page: Page,
  query: URLSearchParams,
  isAuthorised: () => Promise<boolean>,
): Promise<PageText> {
  const excludes = new Set(query.getAll('exclude').slice(0, MOST_EXCLUDES));
  const members = engine.groups.get(page.group) ?? [];
  const asked = members.filter((runner) => !excludes.has(runner.settings.name));
  if (!isLatched(engine, page)) await engine.prepare(asked);

  const lines = linesOf(engine, page, members).map((line) => ({
    ...line,
    isExcluded: excludes.has(line.name),
  }));
  const isOk = lines.every((line) => line.isExcluded || line.reason === undefined);
  if (isOk && !query.has('verbose')) return { isOk, body: 'ok' };
  const showsReasons = !isOk && (await isAuthorised());
  const unknown = [...excludes].filter((name) => lines.every((line) => line.name !== name));
  const body = [
    ...lines.map((line) => render(line, showsReasons)),
    unknown.length === 0
      ? ''
      : `warn: some health checks cannot be excluded: no matches for ${unknown.toSorted().map(goQuote).join(',')}\n`,
    `${page.name} check ${isOk ? 'passed' : 'failed'}\n`,
  ].join('');
  return { isOk, body };
}

/** `/livez/NAME`: one check, which must be a member; `undefined` when it is not. */
export async function kubeCheckText(
  engine: Engine,
  page: Page,
  name: string,
  isAuthorised: () => Promise<boolean>,
): Promise<PageText | undefined> {
  const members = engine.groups.get(page.group) ?? [];
  if (!isLatched(engine, page)) {
    await engine.prepare(members.filter((runner) => runner.settings.name === name));
  }
  const line = linesOf(engine, page, members).find((candidate) => candidate.name === name);
  if (line === undefined) return undefined;
  if (line.reason === undefined) return { isOk: true, body: 'ok' };
  const reason = (await isAuthorised()) ? line.reason : 'reason withheld';
  return { isOk: false, body: `internal server error: ${reason}\n` };
}

function linesOf(engine: Engine, page: Page, members: readonly CheckRunner[]): Line[] {
  const lines = members.map((runner) => ({
    name: runner.settings.name,
    reason: isLatched(engine, page) ? undefined : reasonOf(runner, page),
    isExcluded: false,
  }));
  // kube-apiserver puts in a ping where there is nothing else to ask.
  if (lines.length === 0) lines.push({ name: 'ping', reason: undefined, isExcluded: false });
  if (engine.isDraining() && (page.group === 'ready' || page.group === 'all')) {
    lines.push({ name: 'shutdown', reason: 'shutting_down', isExcluded: false });
  }
  return lines;
}

function reasonOf(runner: CheckRunner, page: Page): string | undefined {
  const { status, code } = standingOf(runner, page.group);
  if (status !== 'fail') return undefined;
  const { message } = runner.state();
  return message === undefined ? code : `${code}: ${message}`;
}

function isLatched(engine: Engine, page: Page): boolean {
  return page.group === 'startup' && engine.hasStarted();
}

function render({ name, reason, isExcluded }: Line, showsReasons: boolean): string {
  if (isExcluded) return `[+]${name} excluded: ok\n`;
  if (reason === undefined) return `[+]${name} ok\n`;
  return `[-]${name} failed: ${showsReasons ? reason : 'reason withheld'}\n`;
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
