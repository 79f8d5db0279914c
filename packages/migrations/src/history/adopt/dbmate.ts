import { cutName } from './file-name.ts';
import type { Tool } from './tool.ts';

/** dbmate. Keeps the digits of the file name, and nothing else. */
export const dbmate: Tool = {
  name: 'dbmate',
  schema: undefined,
  table: 'schema_migrations',
  columns: ['version'],
  // golang-migrate, Supabase and Ecto have tables of this name as well.
  foreignColumns: ['dirty', 'statements', 'inserted_at'],
  trustNote: 'dbmate keeps no content and no checksum',
  async read({ query, sql }) {
    const { rows } = await query<{ version: string }>(`
      select version::text as version
      from ${sql}
      order by version`);
    const entries = rows.map(({ version }) => {
      const cut = cutName(version).version;
      return {
        label: version,
        version: cut,
        name: undefined,
        appliedAt: undefined,
        compare: undefined,
      };
    });
    return { entries, upTo: undefined, problems: [], notes: [] };
  },
};
