import { directory } from '../../src/index.ts';
import { type LintOptions, type LintReport, lint } from '../../src/lint/index.ts';
import type { Folder } from '../folder.ts';

/** As the examples of date-like versions need it. */
export const NOW = { now: () => Date.UTC(2026, 0, 1) };

/** Files of an example: what follows a line `-- file: <name>`, or one file. */
export function splitExample(sql: string): Record<string, string> {
  const parts = sql.split(/^-- file: (.+)\n/m);
  if (parts.length === 1) return { '1_example.sql': sql };
  return Object.fromEntries(
    Array.from({ length: (parts.length - 1) / 2 }, (_, at) => [
      parts[2 * at + 1],
      parts[2 * at + 2],
    ]),
  ) as Record<string, string>;
}

/** Lints a folder that holds just these files. */
export async function lintFolder(
  folder: Folder,
  files: Readonly<Record<string, string>>,
  options: LintOptions = {},
): Promise<LintReport> {
  await folder.write(files);
  return lint({ sources: [directory(folder.path)], clock: NOW, ...options });
}

/** Lints one text. */
export function lintText(text: string, options: LintOptions = {}): Promise<LintReport> {
  return lint({ files: [{ file: 'a.sql', text }], clock: NOW, ...options });
}

/** The ids of the rules that have something to say. */
export function rulesOf({ findings }: LintReport): string[] {
  return findings.map(({ rule }) => rule);
}
