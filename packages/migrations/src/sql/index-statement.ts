import { identifierName } from './identifier.ts';
import type { Token } from './lexer.ts';
import { quoteIdentifier } from './quote.ts';
import { isWord, type Statement } from './split.ts';

/** What is read from a `create index concurrently` without understanding its columns. */
export interface IndexTarget {
  /** Name of the index, unquoted and folded. */
  readonly name: string;
  /** The table as the statement writes it, ready for `to_regclass`. */
  readonly table: string;
  readonly isUnique: boolean;
  /** The statement without `if not exists`; characters stay at their places. */
  readonly buildText: string;
  /** The statement for an empty table of the same name in `pg_temp`, not concurrent. */
  readonly cloneText: string;
}

/** The target, or a sentence on why the statement cannot be used. */
export function readIndexTarget(statement: Statement): IndexTarget | string {
  const { tokens } = statement;
  const isUnique = isWord(tokens[1], 'unique');
  const concurrently = isUnique ? 3 : 2;
  let at = concurrently + 1;
  const hasIfNotExists = isWord(tokens[at], 'if') && isWord(tokens[at + 1], 'not');
  const optional = hasIfNotExists ? tokens.slice(at, at + 3) : [];
  at += optional.length;
  if (isWord(tokens[at], 'on')) {
    return 'a concurrent index needs a name, so that an interrupted build can be found again';
  }
  const nameToken = tokens[at];
  const name = identifierName(nameToken);
  at += 1;
  if (nameToken === undefined || name === undefined) return 'the name of the index cannot be read';
  if (!isWord(tokens[at], 'on')) return `"on" is missing after the index name ${nameToken.text}`;
  at += isWord(tokens[at + 1], 'only') ? 2 : 1;
  const first = tokens[at];
  while (tokens[at + 1]?.text === '.') at += 2;
  const last = tokens[at];
  const tableName = identifierName(last);
  if (first === undefined || last === undefined || tableName === undefined) {
    return 'the name of the table cannot be read';
  }
  const buildText = blank(statement, optional);
  const withoutWords = blank(statement, [
    ...optional,
    ...tokens.slice(concurrently, concurrently + 1),
  ]);
  const cloneText =
    withoutWords.slice(0, first.start - statement.start) +
    `pg_temp.${quoteIdentifier(tableName)}` +
    withoutWords.slice(last.end - statement.start);
  const table = statement.text.slice(first.start - statement.start, last.end - statement.start);
  return { name, table, isUnique, buildText, cloneText };
}

/** Spaces instead of the tokens, so that error positions of the server stay right. */
function blank(statement: Statement, tokens: readonly Token[]): string {
  let { text } = statement;
  for (const token of tokens) {
    const start = token.start - statement.start;
    text =
      text.slice(0, start) + ' '.repeat(token.text.length) + text.slice(start + token.text.length);
  }
  return text;
}
