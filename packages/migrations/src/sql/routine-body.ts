import { foldCase, readQualifiedName } from './identifier.ts';
import { type Token, tokenize } from './lexer.ts';
import { literalValue } from './literal.ts';

/** What the code of a `do` block or procedure does to the transaction it is run in. */
export interface RoutineBody {
  /** Whether it has a `commit` or `rollback` of its own. */
  readonly commits: boolean;
  /** Names of the procedures that it calls, as {@link readQualifiedName} gives them. */
  readonly calls: readonly string[];
}

export const HARMLESS: RoutineBody = { commits: false, calls: [] };

/** What ends transactions in languages other than PL/pgSQL. Code in SQL or C never does. */
const COMMITS_ELSEWHERE: readonly (readonly [language: RegExp, commit: RegExp])[] = [
  [/^plpython\w*$/, /\bplpy\s*\.\s*(?:commit|rollback)\s*\(/],
  [/^plperlu?$/, /\bspi_(?:commit|rollback)\b/],
  [/^pltclu?$/, /(?:^|[;[{])[^\S\n]*(?:commit|rollback)\b/m],
];

/** After these, a statement of PL/pgSQL may begin. */
const BEFORE_STATEMENT = /^(?:;|begin|then|else|loop|>>)$/;

/**
 * Reads the source of a routine. Text in comments and literals does not count, a nested `do` does.
 * `execute 'commit'` does not: PostgreSQL refuses it.
 *
 * @param language folded, such as `plpgsql`.
 * @param source what stands between the quotes, as in `pg_proc.prosrc`.
 */
export function readRoutineBody(language: string, source: string): RoutineBody {
  if (language === 'plpgsql') return readPlpgsql(source);
  const commits = COMMITS_ELSEWHERE.some(
    ([languages, commit]) => languages.test(language) && commit.test(source),
  );
  return { commits, calls: [] };
}

/** What the block of a `do` statement does; the statement may be one inside another block. */
export function readDoBlock(tokens: readonly Token[]): RoutineBody {
  let language = 'plpgsql';
  let source = '';
  tokens.forEach((token, at) => {
    const isLanguage = at > 0 && wordOf(tokens[at - 1]) === 'language';
    if (isLanguage) language = languageName(token);
    else if (token.kind === 'string') source += literalValue(token);
  });
  return readRoutineBody(language, source);
}

/** A language may be written as a word, a quoted name or a literal. */
export function languageName(token: Token): string {
  return foldCase(token.text).replaceAll(/^['"]|['"]$/g, '');
}

function readPlpgsql(source: string): RoutineBody {
  const tokens = tokenize(source).filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  const calls: string[] = [];
  let commits = false;
  tokens.forEach((token, at) => {
    const word = wordOf(token);
    if (!/^(?:commit|rollback|call|do)$/.test(word)) return;
    if (!BEFORE_STATEMENT.test(wordOf(tokens[at - 1]))) return;
    if (word === 'call') {
      const called = readQualifiedName(tokens, at + 1);
      if (called !== undefined && tokens[called.end]?.text === '(') calls.push(called.name);
    } else if (word === 'do') {
      const end = tokens.findIndex(({ text }, each) => each > at && text === ';');
      const nested = readDoBlock(tokens.slice(at, end === -1 ? undefined : end));
      commits ||= nested.commits;
      calls.push(...nested.calls);
    } else {
      commits ||= endsTransaction(tokens, at);
    }
  });
  return { commits, calls };
}

/** `commit;` or `commit and [no] chain;`, and not a variable or column of that name. */
function endsTransaction(tokens: readonly Token[], at: number): boolean {
  const next = wordOf(tokens[at + 1]);
  return next === ';' || (next === 'and' && /^(?:no|chain)$/.test(wordOf(tokens[at + 2])));
}

/** The token in lower case; a quoted name never equals a word. */
function wordOf(token: Token | undefined): string {
  return token === undefined ? '' : foldCase(token.text);
}
