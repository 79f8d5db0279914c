import { SourceError } from '../errors.ts';
import { pack, readPack } from '../sources/pack.ts';
import { inSchema, parseMigration } from '../sources/parse-migration.ts';
import type { Applicability } from '../sources/source.ts';
import { type IndexTarget, readIndexTarget } from '../sql/index-statement.ts';
import { isWord, type Statement, splitStatements } from '../sql/split.ts';
import type { AdvisablePack } from './advisable.ts';

/** One index that advice is wanted about. */
export interface WantedIndex {
  readonly target: IndexTarget;
  /** The statement as it was given, `{{schema}}` replaced. */
  readonly statement: string;
  /** The same without `concurrently` and `if not exists`. */
  readonly plainText: string;
  /** With a pack: what has to be there first, and in which schema. */
  readonly when: (Applicability & { readonly schema: string }) | undefined;
}

/** The index that one statement makes, or a sentence on what is wrong with the text. */
export function readWantedIndex(text: string, schema: string | undefined): WantedIndex | string {
  if (schema === undefined && text.includes('{{schema}}')) {
    return 'has {{schema}}, but no schema was given';
  }
  const statements = splitStatements(inSchema(text, schema));
  const [statement] = statements;
  if (statement === undefined || statements.length > 1) {
    return `expected one create index statement, got ${statements.length} statements`;
  }
  return wantedIndex(statement, undefined);
}

/**
 * Every `create index` in a pack, in the pack's order. Its other statements are passed over.
 *
 * @throws InvalidOptionsError when it is no proper pack; SourceError for files that cannot be read.
 */
export async function readPackIndexes(
  definition: AdvisablePack,
  schema: string | undefined,
): Promise<WantedIndex[]> {
  const source = pack(definition, { schema });
  const { files, problems } = await readPack(source);
  if (problems.length > 0) throw new SourceError(problems);
  return files.flatMap((file) => {
    if (file.kind === 'code') return [];
    const parsed = parseMigration(file);
    if (!('steps' in parsed)) throw new SourceError([parsed]);
    const when = file.when && { ...file.when, schema: source.schema };
    return parsed.statements.flatMap((statement) => {
      const wanted = wantedIndex(statement, when);
      return typeof wanted === 'string' ? [] : [wanted];
    });
  });
}

function wantedIndex(given: Statement, when: WantedIndex['when']): WantedIndex | string {
  if (given.tokens.some(({ isOpen }) => isOpen)) return 'has a quote or comment without an end';
  const at = isWord(given.tokens[1], 'unique') ? 2 : 1;
  if (!isWord(given.tokens[0], 'create') || !isWord(given.tokens[at], 'index')) {
    return `expected a create index statement, got ${given.text.slice(0, 40)}`;
  }
  const concurrent = withConcurrently(given, at);
  const target = readIndexTarget(concurrent);
  if (typeof target === 'string') return target;
  const word = concurrent.tokens[at + 1];
  const from = (word?.start ?? 0) - concurrent.start;
  const plainText =
    target.buildText.slice(0, from).trimEnd() +
    target.buildText.slice(from + 'concurrently'.length);
  return { target, statement: given.text, plainText, when };
}

/** The reader of targets knows only concurrent builds. */
function withConcurrently(given: Statement, at: number): Statement {
  if (isWord(given.tokens[at + 1], 'concurrently')) return given;
  const end = (given.tokens[at]?.end ?? 0) - given.start;
  const text = `${given.text.slice(0, end)} concurrently ${given.text.slice(end)}`;
  return splitStatements(text)[0] ?? given;
}
