import { type Token, tokenize } from './lexer.ts';

/** One SQL statement of a file. Offsets are UTF-16 units into the file's text, `end` exclusive. */
export interface Statement {
  /** Without the semicolon, and without the white space and comments around it. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Its tokens except white space and finished comments; offsets into the file's text. */
  readonly tokens: readonly Token[];
}

/** A statement with all that lies before it, and its semicolon. Pieces lie end to end. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** Empty when there is nothing but white space, comments and a semicolon. */
  readonly tokens: readonly Token[];
}

/** The statements of `text`, in order. A stray semicolon is not a statement. */
export function splitStatements(text: string): Statement[] {
  return splitPieces(text).flatMap(({ tokens }) => {
    const start = tokens[0]?.start;
    const end = tokens.at(-1)?.end;
    if (start === undefined || end === undefined) return [];
    return [{ text: text.slice(start, end), start, end, tokens }];
  });
}

/**
 * Cuts at every semicolon that ends a statement. Those in round brackets (`create rule … do (a; b)`)
 * and in a `begin atomic … end` body do not.
 */
export function splitPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let tokens: Token[] = [];
  let bracketDepth = 0;
  let isInBody = false;
  const finish = (end: number): void => {
    pieces.push({ start, end, tokens });
    start = end;
    tokens = [];
    bracketDepth = 0;
    isInBody = false;
  };
  for (const token of tokenize(text)) {
    if (token.kind === 'space' || (token.kind === 'comment' && !token.isOpen)) continue;
    if (token.text === ';' && bracketDepth === 0 && !isInBody) {
      finish(token.end);
      continue;
    }
    const previous = tokens.at(-1);
    if (token.text === '(') bracketDepth += 1;
    else if (token.text === ')') bracketDepth = Math.max(0, bracketDepth - 1);
    else if (bracketDepth > 0) {
      // A parameter may be called begin and have a type called atomic.
    } else if (isWord(token, 'atomic') && isWord(previous, 'begin')) {
      isInBody = createsRoutine(tokens);
    } else if (isInBody && isWord(token, 'end')) {
      // `end` closes the body only where a statement could begin. Elsewhere it ends a `case`, or is
      // a column label (`select 1 as end`).
      isInBody = !(previous?.text === ';' || isWord(previous, 'atomic'));
    }
    tokens.push(token);
  }
  if (start < text.length) finish(text.length);
  return pieces;
}

/** Whether `token` is this keyword, given in lower case. A quoted identifier never is. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}

function createsRoutine(tokens: readonly Token[]): boolean {
  const kind = isWord(tokens[1], 'or') && isWord(tokens[2], 'replace') ? tokens[3] : tokens[1];
  return isWord(tokens[0], 'create') && (isWord(kind, 'function') || isWord(kind, 'procedure'));
}
