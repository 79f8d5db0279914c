import { cutName } from './file-name.ts';
import { dateOf, millisecondsOf } from './sql-time.ts';
import type { Tool } from './tool.ts';

/** node-pg-migrate. Knows a migration by its file's name without extension. */
export const nodePgMigrate: Tool = {
  name: 'node-pg-migrate',
  schema: undefined,
  table: 'pgmigrations',
  columns: ['id', 'name', 'run_on'],
  foreignColumns: [],
  trustNote: 'node-pg-migrate keeps no content and no checksum',
  async read({ query, sql }) {
    const { rows } = await query<{ name: string; applied_ms: string | null }>(`
      select name, ${millisecondsOf('run_on')} as applied_ms
      from ${sql}
      order by run_on, id`);
    const entries = rows.map(({ name, applied_ms }) => {
      return { label: name, ...cutName(name), appliedAt: dateOf(applied_ms), compare: undefined };
    });
    return { entries, upTo: undefined, problems: [], notes: [] };
  },
};
