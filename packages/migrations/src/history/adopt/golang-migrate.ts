import { normalizeVersion } from '../../sources/version.ts';
import { unfinished } from './adopt-problem.ts';
import type { Tool } from './tool.ts';

interface Row {
  readonly version: string;
  readonly dirty: boolean;
}

/** golang-migrate. Keeps one row: the newest version, and whether it failed half-way. */
export const golangMigrate: Tool = {
  name: 'golang-migrate',
  schema: undefined,
  table: 'schema_migrations',
  columns: ['version', 'dirty'],
  foreignColumns: [],
  trustNote: 'golang-migrate keeps no content and no checksum, only the newest version',
  async read({ query, sql }) {
    const { rows } = await query<Row>(`
      select version::text as version, dirty
      from ${sql} as entry
      order by entry.version`);
    const dirty = rows.filter((row) => row.dirty);
    const problems = dirty.map(({ version }) =>
      unfinished(
        version,
        'is marked dirty: it failed half-way',
        'Finish it or undo it by hand, then: migrate force <version>',
      ),
    );
    const newest = rows.at(-1);
    const version = newest && normalizeVersion(newest.version);
    if (newest === undefined || version === undefined || dirty.length > 0) {
      return { entries: [], upTo: undefined, problems, notes: [] };
    }
    const label = newest.version;
    return {
      entries: [{ label, version, name: undefined, appliedAt: undefined, compare: undefined }],
      upTo: { version, label: `golang-migrate is at version ${label}` },
      problems,
      notes: [],
    };
  },
};
