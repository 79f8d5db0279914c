/** The text of a migration module, for a folder from which the package cannot be resolved. */
export function codeFile(definition: string): string {
  const source = new URL('../src/index.ts', import.meta.url).href;
  return `import { backfill, defineMigration } from '${source}';\nexport default defineMigration(${definition});\n`;
}
