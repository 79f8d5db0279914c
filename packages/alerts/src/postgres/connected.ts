import type { Lives } from './lives.ts';
import type { ServerClock } from './server-clock.ts';
import type { Ask } from './statement.ts';
import type { TableNames } from './tables.ts';

/** What the parts of a session share. */
export interface Connected {
  readonly ask: Ask;
  readonly tables: TableNames;
  /** As it stands in the tables. */
  readonly scope: string;
  readonly timeoutMs: number;
  readonly retentionMs: number;
  readonly serverClock: ServerClock;
  readonly lives: Lives;
}
