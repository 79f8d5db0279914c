import type { RawStmt } from 'libpg-query';
import { MissingPeerError } from '../errors.ts';

/** As much of libpg-query as is used. */
export interface SqlParser {
  /** @throws an error with `sqlDetails.cursorPosition`, counted in characters from 0. */
  parse(text: string): readonly RawStmt[];
}

let loading: Promise<SqlParser> | undefined;

/**
 * PostgreSQL's own parser. It takes 40 to 90 ms to load and 60 MB, so nothing but lint ever asks for it.
 *
 * @throws MissingPeerError when libpg-query is not installed.
 */
export function loadParser(): Promise<SqlParser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SqlParser> {
  try {
    const { loadModule, parseSync } = await import('libpg-query');
    await loadModule();
    return { parse: (text) => parseSync(text).stmts ?? [] };
  } catch (error) {
    loading = undefined;
    throw new MissingPeerError('libpg-query', '18', error);
  }
}
