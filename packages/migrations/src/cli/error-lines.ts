import { type Line, styled } from './line.ts';
import { UsageError } from './usage-error.ts';

/** What hints say to a programmer, in the words of the command line. Text that is not found stays. */
const IN_WORDS_OF_CLI: readonly (readonly [RegExp, string])[] = [
  [/\bup\(\{ allowOutOfOrder: true \}\)/g, 'ops-migrate up --allow-out-of-order'],
  [/\bCall (up|down|status|verify|plan)\b(?:\(\))?/g, 'Run ops-migrate $1'],
  [/\bcall (up|down|status|verify|plan)\b(?:\(\))?/g, 'run ops-migrate $1'],
  [/\bRun (up|down) again\b/g, 'Run ops-migrate $1 again'],
  [/\b(up|down|status|verify|plan|baseline|repair)\(\)/g, 'ops-migrate $1'],
  [/\badopt\('([\w-]+)', \{ schema: '([^']*)' \}\)/g, 'ops-migrate adopt $1 --from-schema $2'],
  [
    /\badopt\('([\w-]+)', \{ schema, table \}\)/g,
    'ops-migrate adopt $1 --from-schema … --from-table …',
  ],
  [/\brepair\(\{ indexes: true \}\)/g, 'ops-migrate repair --indexes'],
  [/\brepair\(\{ (accept|forget)(?:: [^}]*)? \}\)/g, 'ops-migrate repair --$1 VERSION'],
  [/\block\.wait\b/g, '--lock-wait'],
  [/\btimeouts\.lock\b/g, '--lock-timeout'],
  [/\btimeouts\.connect\b/g, '--connect-timeout'],
  [/\bretry\.attempts\b/g, '--attempts'],
  [/\bhistory\.schema\b/g, '--schema'],
  [/\bmethod '(hypothetical|build)'/g, '--method $1'],
];

/** An error for people: what happened and where, once, then what to do. */
export function errorLines(
  error: unknown,
  { verbose = false }: { readonly verbose?: boolean | undefined } = {},
): Line[] {
  const [first = '', ...rest] = hintsInWordsOfCli(messageOf(error), error).split('\n');
  const lines: Line[] = [[styled('red', '✗'), ' ', styled('bold', first)], ...rest.map(diffLine)];
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(['  ', styled('cyan', 'hint'), `  ${hint}`]);
  if (verbose) lines.push(...stackOf(error).map((line) => [styled('dim', line)]));
  return lines;
}

/** Only where they are hints: a diff or an excerpt in the message is somebody's text. */
function hintsInWordsOfCli(message: string, error: unknown): string {
  const problems: unknown = error instanceof Error && Reflect.get(error, 'problems');
  if (!Array.isArray(problems)) return message;
  const hints = problems.map((problem: unknown): unknown => Reflect.get(Object(problem), 'hint'));
  return hints
    .filter((hint) => typeof hint === 'string')
    .reduce(
      (said, hint) => said.replaceAll(`\n  ${hint}`, () => `\n  ${inWordsOfCli(hint)}`),
      message,
    );
}

/** The message without its hint, which most errors have at the end as well. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint: unknown = Reflect.get(error, 'hint');
  const tail = typeof hint === 'string' ? `\nHint: ${hint}` : '';
  const message = error.message === '' ? error.name : error.message;
  const text = tail !== '' && message.endsWith(tail) ? message.slice(0, -tail.length) : message;
  // Of errors that nobody has thought of, the class says more than nothing.
  return isKnown(error) ? text : `${error.name}: ${text}`;
}

/** What to do, on the command line. */
function hintOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const hint: unknown = Reflect.get(error, 'hint');
  if (typeof hint === 'string') return inWordsOfCli(hint);
  return isKnown(error) ? undefined : 'With --verbose the stack is printed as well.';
}

export function inWordsOfCli(text: string): string {
  return IN_WORDS_OF_CLI.reduce((said, [api, cli]) => said.replaceAll(api, cli), text);
}

/**
 * Fields of the package's own errors are facts for a program; those of others may hold anything, a
 * connection string for one.
 */
export function errorJson(error: unknown): object {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name } = error;
  const facts = isKnown(error) ? factsOf(error) : {};
  return { name, ...facts, message: messageOf(error), hint: hintOf(error) ?? null };
}

function factsOf(error: Error): object {
  return Object.fromEntries(
    Object.entries(error).filter(([key]) => key !== 'cause' && key !== 'stack'),
  );
}

function isKnown(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'code');
  return error instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_OPS_'));
}

/** Messages may hold excerpts and diffs. */
function diffLine(line: string): Line {
  if (line.startsWith('@@')) return [styled('cyan', line)];
  if (/^-(?! )/.test(line)) return [styled('red', line)];
  if (line.startsWith('+')) return [styled('green', line)];
  return line;
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (cause === undefined) return frames;
  return [...frames, `  caused by ${cause.name}: ${cause.message}`, ...stackOf(cause)];
}
