import { plainWords } from './outline.ts';
import type { Statement } from './split.ts';

/** A statement that must not be run from a migration file. */
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
  readonly hint: string;
}

const TRANSACTION_CONTROL =
  /^(?:begin|start transaction|commit|end|abort|prepare transaction|rollback(?! (?:work |transaction )?to\b))\b/;

/**
 * Why the statement must not be run, if so.
 *
 * @param text its `outline`.
 */
export function refusal(statement: Statement, text: string): Refusal | undefined {
  if (TRANSACTION_CONTROL.test(text) && !/^(?:commit|rollback) prepared\b/.test(text)) {
    return {
      kind: 'refused',
      reason: 'a migration file must not begin or end transactions',
      hint: 'Remove it. Statements that can share a transaction get one, the others run alone.',
    };
  }
  if (/^copy\b/.test(text) && copiesFromStdin(statement)) {
    return {
      kind: 'refused',
      reason: 'COPY … FROM stdin needs psql, which sends the data that follows',
      hint: 'Write insert statements (pg_dump --inserts makes them), or load the data elsewhere.',
    };
  }
  return (
    lockRefusal(statement, text) ??
    (/^set\b|\bset_config \(/.test(text) ? settingRefusal(statement) : undefined)
  );
}

/** Not `copy (select … from stdin) to …`, which reads a table of that name. */
function copiesFromStdin(statement: Statement): boolean {
  const words = plainWords(statement.tokens);
  let depth = 0;
  return words.some((word, at) => {
    depth += word === '(' ? 1 : word === ')' ? -1 : 0;
    return depth === 0 && word === 'from' && words[at + 1] === 'stdin';
  });
}

/** Why the statement would let other replicas in, if so. */
export function lockRefusal({ tokens }: Statement, text: string): Refusal | undefined {
  const isDiscard = text === 'discard all';
  const releases = /\bpg_advisory_unlock_all\s*\(/;
  const isInBlock =
    /^do\b/.test(text) &&
    tokens.some(({ kind, text: body }) => kind === 'string' && releases.test(body));
  if (!isDiscard && !isInBlock && !releases.test(text)) return undefined;
  return {
    kind: 'refused',
    reason: `${isDiscard ? 'DISCARD ALL' : 'pg_advisory_unlock_all'} would release the lock that keeps other replicas out`,
    hint: 'Every file starts with clean settings and no temporary tables; release locks of your own one by one.',
  };
}

/** Settings under which the file would be read otherwise than it was split and sent. */
function settingRefusal(statement: Statement): Refusal | undefined {
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
  const words = plainWords(tokens);
  const names = words[0] === 'set' && /^(?:local|session)$/.test(words[1] ?? '') ? 2 : 1;
  if (setting === 'client_encoding' && words[0] === 'set' && words[names] === 'names') {
    return words[names + 1] ?? 'default';
  }
  const at = words.indexOf(setting);
  const isAssigned =
    (words[0] === 'set' && /^(?:=|to)$/.test(words[at + 1] ?? '')) ||
    (words[at - 2] === 'set_config' && words[at + 1] === ',');
  return at > 0 && isAssigned ? words[at + 2] : undefined;
}
