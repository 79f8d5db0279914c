import { foldCase } from './hash.ts';
import { tokenize } from './lexer.ts';
import type { Statement } from './split.ts';

/** How a statement has to be run. */
export type Classification =
  | { readonly kind: 'transactional' }
  | { readonly kind: 'index' }
  | StandaloneClass
  | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };

/** A statement that PostgreSQL refuses inside a transaction block. */
export interface StandaloneClass {
  readonly kind: 'standalone';
  /**
   * SQLSTATE that a second run gives when the first one had its effect. After an interruption it
   * means "done". Undefined for statements that can simply be repeated.
   */
  readonly doneState?: string | undefined;
  /**
   * True when waiting for its locks holds up neither reads nor writes, and giving up half-way leaves
   * a broken index behind. Such a statement runs without `lock_timeout`.
   */
  readonly waitsPolitely?: boolean | undefined;
}

/** Enough to see what a statement is; a bulk insert has millions. */
const TOKENS_READ = 400;

const TRANSACTION_CONTROL =
  /^(?:begin|start transaction|commit|end|abort|prepare transaction|rollback(?! (?:work |transaction )?to\b))\b/;

/** Matched against {@link outline}. First match wins. */
const STANDALONE: readonly (readonly [RegExp, Omit<StandaloneClass, 'kind'>])[] = [
  [/^drop index concurrently\b/, { doneState: '42704', waitsPolitely: true }],
  [/^reindex\b.*\bconcurrently\b(?! (?:false|off|0)\b)/, { waitsPolitely: true }],
  // Legal in a transaction for some tables and not for partitioned ones; alone they always are.
  [/^(?:reindex|cluster|vacuum)\b/, {}],
  [/^create database\b/, { doneState: '42P04' }],
  [/^drop database\b/, { doneState: '3D000' }],
  [/^alter database \S+ set tablespace\b/, {}],
  [/^create (?:tablespace|subscription)\b/, { doneState: '42710' }],
  [/^drop (?:tablespace|subscription)\b/, { doneState: '42704' }],
  [/^alter (?:system|subscription)\b/, {}],
  [/^alter table\b.* detach partition\b.* concurrently$/, { doneState: '42P01' }],
  [/^(?:commit|rollback) prepared\b/, { doneState: '42704' }],
];

/** Says how to run a statement, from its tokens alone. */
export function classify(statement: Statement): Classification {
  const text = outline(statement);
  if (/^create (?:unique )?index concurrently\b/.test(text)) return { kind: 'index' };
  for (const [pattern, traits] of STANDALONE) {
    if (pattern.test(text)) return { kind: 'standalone', ...traits };
  }
  if (/^do\b/.test(text) && commitsInside(statement)) return { kind: 'standalone' };
  return refusal(statement, text) ?? { kind: 'transactional' };
}

/**
 * Whether a statement changes a setting for the rest of the session. Such statements are run again
 * when a file is resumed after the step they were in.
 */
export function isSessionSetting(statement: Statement): boolean {
  const text = outline(statement);
  return (
    /^(?:set (?!local\b|transaction\b|constraints\b)|reset\b)/.test(text) ||
    /^select (?:pg_catalog \. )?set_config \( ' , ' , false \)$/.test(text)
  );
}

/** Whether a session setting of this name (or of all names) is changed by the statement. */
export function setsSetting(statement: Statement, setting: string): boolean {
  if (!isSessionSetting(statement)) return false;
  return statement.tokens.some(({ text }) =>
    [setting, 'all'].includes(foldCase(text).replaceAll(/['"]/g, '')),
  );
}

/** Tokens in lower case with one space between; every quoted name is `"`, every literal `'`. */
function outline(statement: Statement): string {
  return statement.tokens
    .slice(0, TOKENS_READ)
    .map(({ kind, text }) => (kind === 'string' ? "'" : kind === 'quoted' ? '"' : foldCase(text)))
    .join(' ');
}

function refusal(statement: Statement, text: string): Classification | undefined {
  if (TRANSACTION_CONTROL.test(text)) {
    return {
      kind: 'refused',
      reason: 'a migration file must not begin or end transactions',
      hint: 'Remove it. Statements that can share a transaction get one, the others run alone.',
    };
  }
  if (/^copy\b.*\bfrom stdin\b/.test(text)) {
    return {
      kind: 'refused',
      reason: 'COPY … FROM stdin needs psql, which sends the data that follows',
      hint: 'Write insert statements (pg_dump --inserts makes them), or load the data elsewhere.',
    };
  }
  if (/^discard all$|\bpg_advisory_unlock_all \(/.test(text)) {
    return {
      kind: 'refused',
      reason: `${text.startsWith('discard') ? 'DISCARD ALL' : 'pg_advisory_unlock_all'} would release the lock that keeps other replicas out`,
      hint: 'Every file starts with clean settings and no temporary tables; release locks of your own one by one.',
    };
  }
  return settingRefusal(statement);
}

/** Settings under which the file would be read otherwise than it was split and sent. */
function settingRefusal(statement: Statement): Classification | undefined {
  const encoding = settingValue(statement, 'client_encoding');
  if (encoding !== undefined && !/^(?:utf-?8|unicode|default)$/.test(encoding)) {
    return {
      kind: 'refused',
      reason: `client_encoding ${encoding} would store other characters than the file has, which is sent as UTF-8`,
      hint: 'Remove it, or write UTF8.',
    };
  }
  const escapes = settingValue(statement, 'standard_conforming_strings');
  if (escapes !== undefined && !/^(?:on|true|yes|default|1)$/.test(escapes)) {
    return {
      kind: 'refused',
      reason: 'standard_conforming_strings must stay on: the file is split into statements with it',
      hint: "Write E'…' where a literal has backslash escapes.",
    };
  }
  return undefined;
}

/** What `set … = value` or `set_config('…', 'value', …)` gives a setting, in lower case, unquoted. */
function settingValue({ tokens }: Statement, setting: string): string | undefined {
  const words = tokens
    .slice(0, TOKENS_READ)
    .map(({ text }) => foldCase(text).replaceAll(/^['"]|['"]$/g, ''));
  const at = words.indexOf(setting);
  const isAssigned =
    (words[0] === 'set' && /^(?:=|to)$/.test(words[at + 1] ?? '')) ||
    (words[at - 2] === 'set_config' && words[at + 1] === ',');
  return at > 0 && isAssigned ? words[at + 2] : undefined;
}

/** Whether the body of a `do` block ends transactions, which PostgreSQL allows only outside one. */
function commitsInside(statement: Statement): boolean {
  return statement.tokens.some((token) => {
    if (token.kind !== 'string') return false;
    const body = token.text.replace(/^(?:\$[^$]*\$|[eE]?')|(?:\$[^$]*\$|')$/g, '');
    const words = tokenize(body)
      .filter(({ kind }) => kind !== 'space' && kind !== 'comment')
      .map(({ kind, text }) => (kind === 'word' ? foldCase(text) : text));
    return words.some(
      (word, at) =>
        (word === 'commit' || word === 'rollback') &&
        /^(?:;|begin|then|else|loop|>>)$/.test(words[at - 1] ?? ';') &&
        /^(?:;|and|work)$/.test(words[at + 1] ?? ';'),
    );
  });
}
