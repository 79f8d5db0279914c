import { readFile } from 'node:fs/promises';
import type { AdviceQuery } from '../advise/index.ts';
import { positionOf } from '../sql/position.ts';
import { splitStatements } from '../sql/split.ts';
import { UsageError } from './usage-error.ts';

/** The line of comments right above a statement that gives it a name. */
const NAME = /--[ \t]*name:[ \t]*([^\n]+)\n\s*$/;

/**
 * Queries to judge indexes by: a `.json` file with a list of `{ name, text, values?, valuesFrom? }`, or
 * SQL, in which each statement is a query and is called by the line `-- name: …` above it.
 *
 * @throws UsageError
 */
export async function readQueries(file: string): Promise<readonly AdviceQuery[]> {
  const text = await readText(file);
  if (file.endsWith('.json')) return readJson(file, text);
  const queries = splitStatements(text).map(({ text: query, start }): AdviceQuery => {
    const [, name] = NAME.exec(text.slice(0, start)) ?? [];
    return { name: name?.trim() ?? `line ${positionOf(text, start).line}`, text: query };
  });
  if (queries.length > 0) return queries;
  throw new UsageError(`--queries: ${file} has no statement`);
}

async function readText(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    return text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`--queries: ${file} cannot be read (${reason})`, undefined, {
      cause: error,
    });
  }
}

/** What is in the list, `advise` checks. */
function readJson(file: string, text: string): readonly AdviceQuery[] {
  try {
    const queries: unknown = JSON.parse(text);
    if (Array.isArray(queries)) return queries as AdviceQuery[];
  } catch (error) {
    throw new UsageError(`--queries: ${file} is no JSON: ${(error as Error).message}`, undefined, {
      cause: error,
    });
  }
  throw new UsageError(`--queries: ${file} is no list of { name, text, values?, valuesFrom? }`);
}
