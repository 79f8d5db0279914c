/** Tools whose comments are understood. `ops` are our own. */
export type Convention =
  | 'ops'
  | 'dbmate'
  | 'goose'
  | 'node-pg-migrate'
  | 'graphile-migrate'
  | 'postgres-migrations'
  | 'atlas';

/** What a comment says to the tool that runs the file. */
export type DirectiveComment =
  | SectionMarker
  | OptionDirective
  /** Goose's brackets around a statement; they only have to be in pairs. */
  | { readonly kind: 'bracket'; readonly edge: 'begin' | 'end' }
  | { readonly kind: 'trouble'; readonly message: string; readonly hint: string };

/** The text up to the next marker belongs to this section. */
export interface SectionMarker {
  readonly kind: 'section';
  readonly convention: Convention;
  readonly section: 'up' | 'down';
  /** For this section alone. */
  readonly noTransaction: boolean;
}

/** Something about the file as a whole. */
interface OptionDirective {
  readonly kind: 'option';
  readonly convention: Convention;
  readonly option: 'no-transaction' | 'out-of-order';
  /** Whether the tool reads it only above the first statement. */
  readonly isForTop: boolean;
}

/** What stands before a comment on its line. */
export type Before = 'nothing' | 'space' | 'code';

type Reader = (comment: string, before: Before) => DirectiveComment | undefined;

/**
 * Finds out quickly that a text has no directive. Matches more than the readers do. Nothing about the
 * comment signs before: looking for them as well would take quadratic time on a long line.
 */
export const MAY_HAVE_DIRECTIVES: RegExp =
  /ops:|migrate:|\+\s*\w+\s+(?:up|down)\b|\+goose|(?:up|down)\s+migration|-transaction|atlas:|rambler/i;

/** What a line comment says. Undefined for all others, also for what only lint reads. */
export function readDirectiveComment(
  comment: string,
  before: Before,
): DirectiveComment | undefined {
  for (const read of READERS) {
    const found = read(comment, before);
    if (found !== undefined) return found;
  }
  return undefined;
}

const OPS_HINT =
  'Known are: -- ops: up, -- ops: down, -- ops: no-transaction, -- ops: out-of-order, -- ops: allow <rule> -- <reason>.';

const readOps: Reader = (comment, before) => {
  const [, body] = /^--\s*ops:(.*)/i.exec(comment) ?? [];
  if (body === undefined) return undefined;
  const words = body
    .toLowerCase()
    .replace(/(?:^|\s)--.*$/, '')
    .trim();
  if (/^allow(?:\s|$)/.test(words)) return undefined;
  if (words === 'up' || words === 'down') {
    if (before === 'code') return misplaced(comment);
    return { kind: 'section', convention: 'ops', section: words, noTransaction: false };
  }
  if (words === 'no-transaction' || words === 'out-of-order') {
    return { kind: 'option', convention: 'ops', option: words, isForTop: false };
  }
  return trouble(`"${cut(comment)}" is not a directive`, OPS_HINT);
};

const readDbmate: Reader = (comment, before) => {
  const [, section] = /^--\s*migrate:(up|down)(?![\w:-])/i.exec(comment) ?? [];
  if (section === undefined) return undefined;
  if (section !== 'up' && section !== 'down') {
    return trouble(`dbmate does not read "${cut(comment)}"`, 'Write it in lower case.');
  }
  if (before !== 'nothing') return misplaced(comment, 'dbmate');
  const noTransaction = /\stransaction:false(?:\s|$)/.test(comment);
  return { kind: 'section', convention: 'dbmate', section, noTransaction };
};

const readGoose: Reader = (comment, before) => {
  const [, annotation] = /^--\s*\+goose\b(.*)/i.exec(comment) ?? [];
  if (annotation === undefined) return undefined;
  if (before !== 'nothing') return misplaced(comment, 'goose');
  const words = annotation.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  if (words === 'up' || words === 'down') {
    return { kind: 'section', convention: 'goose', section: words, noTransaction: false };
  }
  if (words === 'no transaction') {
    return { kind: 'option', convention: 'goose', option: 'no-transaction', isForTop: false };
  }
  if (words === 'statementbegin') return { kind: 'bracket', edge: 'begin' };
  if (words === 'statementend') return { kind: 'bracket', edge: 'end' };
  if (words.startsWith('envsub')) {
    return trouble(
      "goose's ENVSUB is not supported: what a file does must not depend on the environment",
      'Write the value into the file, or make the migration a module (.ts) that reads the environment.',
    );
  }
  return trouble(
    `"${cut(comment)}" is not an annotation of goose`,
    'Known are: +goose Up, Down, StatementBegin, StatementEnd, NO TRANSACTION.',
  );
};

const readNodePgMigrate: Reader = (comment, before) => {
  const [, section] = /^--[\s-]*(up|down)\s+migration/i.exec(comment) ?? [];
  if (section === undefined || before === 'code') return undefined;
  return {
    kind: 'section',
    convention: 'node-pg-migrate',
    section: section.toLowerCase() === 'up' ? 'up' : 'down',
    noTransaction: false,
  };
};

const readGraphile: Reader = (comment, before) => {
  if (!/^--!\s*no-transaction\b/.test(comment)) return undefined;
  if (before !== 'nothing') return misplaced(comment, 'graphile-migrate');
  return {
    kind: 'option',
    convention: 'graphile-migrate',
    option: 'no-transaction',
    isForTop: true,
  };
};

const readPostgresMigrations: Reader = (comment) =>
  comment.includes('-- postgres-migrations disable-transaction')
    ? {
        kind: 'option',
        convention: 'postgres-migrations',
        option: 'no-transaction',
        isForTop: false,
      }
    : undefined;

const readAtlas: Reader = (comment) => {
  const [, name, rest = ''] = /^--\s*atlas:(\w+)(.*)/.exec(comment) ?? [];
  const value = rest.trim();
  if (name === 'txmode') {
    if (value === 'file' || value === 'all') return undefined;
    if (value !== 'none') {
      return trouble(`"${cut(comment)}" is no mode of Atlas`, 'Known are: none, file, all.');
    }
    return { kind: 'option', convention: 'atlas', option: 'no-transaction', isForTop: true };
  }
  if (name === undefined || !/^(?:delimiter|txtar|checkpoint)$/.test(name)) return undefined;
  const hints: Readonly<Record<string, string>> = {
    delimiter: 'End statements with semicolons; those in bodies of functions do no harm.',
    txtar: 'Keep the file migration.sql of the archive, as the whole file.',
    checkpoint:
      'Keep the files that it sums up and move it away; or keep it alone and call baseline() where they have run.',
  };
  return trouble(`atlas:${name} is not supported`, hints[name] ?? '');
};

/** Tools whose down part would run as a part of the migration. */
const readUnsupported: Reader = (comment, before) => {
  const found = /^--\s*(?:\+\s*(\w+)|(rambler))\s+(?:up|down)\b/i.exec(comment);
  if (found === null || before === 'code') return undefined;
  return trouble(
    `the sections of ${found[1] === undefined ? 'rambler' : `"+${found[1]}"`} are not understood, and all of them would run`,
    'Write -- ops: up and -- ops: down instead.',
  );
};

const READERS: readonly Reader[] = [
  readOps,
  readDbmate,
  readGoose,
  readNodePgMigrate,
  readGraphile,
  readPostgresMigrations,
  readAtlas,
  readUnsupported,
];

function misplaced(comment: string, tool?: string): DirectiveComment {
  return trouble(
    `"${cut(comment)}" ${tool === undefined ? 'stands behind a statement' : `is not at the beginning of its line, where ${tool} looks for it`}`,
    tool === undefined ? 'Put it on a line of its own.' : 'Move it to the beginning of its line.',
  );
}

function trouble(message: string, hint: string): DirectiveComment {
  return { kind: 'trouble', message, hint };
}

function cut(comment: string): string {
  return comment.length > 60 ? `${comment.slice(0, 60)}…` : comment.trimEnd();
}
