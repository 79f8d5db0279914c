import type { MigrationFile } from '../../sources/source.ts';
import { canonical } from '../../sql/hash.ts';
import { type Token, tokenize } from '../../sql/lexer.ts';
import type { Difference } from './tool.ts';

/** Characters of a token that a message shows. */
const SHOWN = 60;

/**
 * Where a file first says something else than `applied`. Comments, white space, semicolons and the
 * case of keywords do not count: the semicolons because tools that store statements split at more or
 * fewer of them than we do.
 */
export function firstDifference(
  applied: string,
  { text }: Pick<MigrationFile, 'text'>,
): Difference | undefined {
  const before = meaningfulTokens(applied.replaceAll('\r\n', '\n'));
  const now = meaningfulTokens(text);
  const at = now.findIndex((token, index) => !isSame(token, before[index]));
  const token = at === -1 ? undefined : now[at];
  const was = before[at === -1 ? now.length : at];
  if (token === undefined && was === undefined) return undefined;
  const message =
    token === undefined
      ? `ends, where ${show(was)} was applied`
      : was === undefined
        ? `says ${show(token)}, where what was applied has ended`
        : `says ${show(token)}, where ${show(was)} was applied`;
  return { message, offset: token?.start ?? text.length };
}

function meaningfulTokens(text: string): Token[] {
  return tokenize(text).filter(
    ({ kind, text: word }) => kind !== 'space' && kind !== 'comment' && word !== ';',
  );
}

function isSame(a: Token, b: Token | undefined): boolean {
  return b !== undefined && a.kind === b.kind && canonical(a) === canonical(b);
}

function show(token: Token | undefined): string {
  const [line = ''] = (token?.text ?? '').split('\n', 1);
  const isCut = line.length > SHOWN || line !== token?.text;
  return isCut ? `${line.slice(0, SHOWN)}…` : line;
}
