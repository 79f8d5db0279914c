/** Why a backslash command cannot be run, and what to write instead. */
export interface PsqlCommand {
  readonly message: string;
  readonly hint: string;
}

/** Matched against the command with its backslash. First match wins. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^\\(?:un)?restrict$/, 'Remove the line; pg_dump writes it for psql alone.'],
  [/^\\\.$/, 'It ends the rows of a COPY. Write insert statements (pg_dump --inserts makes them).'],
  [/^\\copy$/, 'Write insert statements, or load the data elsewhere.'],
  [
    /^\\(?:i|ir|include|include_relative)$/,
    'Write the text of the other file here, or give that file a version of its own.',
  ],
  [/^\\(?:c|connect)$/, 'All files run in the database of the connection. Remove the line.'],
  [
    /^\\(?:g|gx|gexec|gdesc|watch)$/,
    'End the statement with a semicolon; run made-up statements with execute in a do block.',
  ],
  [
    /^\\(?:set|unset|gset|getenv|prompt|if|elif|else|endif|bind)$/,
    'Use variables and conditions of PL/pgSQL in a do block.',
  ],
  [/^\\(?:echo|qecho|warn)$/, "Use a comment, or do $$ begin raise notice '…'; end $$."],
  [
    /^\\(?:timing|pset|t|a|x|o|r|p|q|encoding|conninfo|errverbose|d\S*|l\+?|z|h|\?)$/,
    'Remove the line.',
  ],
];

/**
 * @param text from the backslash to the end of the line.
 */
export function describePsqlCommand(text: string): PsqlCommand {
  const name = /^\\(?:\w+\+?|.)?/.exec(text)?.[0] ?? '\\';
  const hint = HINTS.find(([pattern]) => pattern.test(name))?.[1];
  return {
    message: `${name} is a psql command, not SQL`,
    hint: `Only psql understands what begins with a backslash. ${hint ?? 'Write the SQL itself.'}`,
  };
}
