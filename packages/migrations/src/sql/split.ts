import { foldCase } from './identifier.ts';
import { type Token, tokensOf } from './lexer.ts';

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
  const bodies = new Bodies();
  const finish = (end: number): void => {
    pieces.push({ start, end, tokens });
    start = end;
    tokens = [];
    bracketDepth = 0;
    bodies.clear();
  };
  for (const token of tokensOf(text)) {
    if (token.kind === 'space' || (token.kind === 'comment' && !token.isOpen)) continue;
    if (token.text === ';' && bracketDepth === 0 && bodies.isEmpty) {
      finish(token.end);
      continue;
    }
    if (token.text === '(') bracketDepth += 1;
    else if (token.text === ')') bracketDepth = Math.max(0, bracketDepth - 1);
    // A parameter may be called begin and have a type called atomic.
    else if (bracketDepth === 0) bodies.see(token, tokens);
    tokens.push(token);
  }
  if (start < text.length) finish(text.length);
  return pieces;
}

/**
 * The `begin atomic … end` bodies that are open. The grammar lets a body define another routine, so
 * there may be several, although no server runs that.
 */
class Bodies {
  /** The word `atomic` that began each of them. */
  readonly #openers: Token[] = [];
  /** Index of the first token of the innermost statement. */
  #first = 0;

  get isEmpty(): boolean {
    return this.#openers.length === 0;
  }

  clear(): void {
    this.#openers.length = 0;
    this.#first = 0;
  }

  /** Takes the next token outside brackets, before it is added to those of the statement. */
  see(token: Token, before: readonly Token[]): void {
    const previous = before.at(-1);
    if (isWord(token, 'atomic')) {
      if (!isWord(previous, 'begin') || !createsRoutine(before, this.#first)) return;
      this.#openers.push(token);
      this.#first = before.length + 1;
    } else if (token.text === ';') {
      this.#first = before.length + 1;
    } else if (isWord(token, 'end') && !this.isEmpty) {
      // `end` closes a body only where a statement could begin. Elsewhere it ends a `case`, or is a
      // column label (`select 1 as end`).
      if (previous?.text === ';' || previous === this.#openers.at(-1)) this.#openers.pop();
    }
  }
}

/** Whether `token` is this keyword, given in lower case. A quoted identifier never is. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && foldCase(token.text) === word;
}

/** Whether the statement that begins at `first` is a `create [or replace] function | procedure`. */
function createsRoutine(tokens: readonly Token[], first: number): boolean {
  const hasReplace = isWord(tokens[first + 1], 'or') && isWord(tokens[first + 2], 'replace');
  const kind = tokens[first + (hasReplace ? 3 : 1)];
  return isWord(tokens[first], 'create') && (isWord(kind, 'function') || isWord(kind, 'procedure'));
}
