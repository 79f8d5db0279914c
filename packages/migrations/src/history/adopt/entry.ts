import { type ClaimedEntry, entryOf } from '../entry-of.ts';
import type { Adopted } from './match.ts';
import type { AdoptedTool } from './tool.ts';

/** The row for a file that another tool has applied. */
export function toEntry({ file, appliedAt }: Adopted, tool: AdoptedTool): ClaimedEntry {
  return entryOf(file, { origin: `adopt:${tool}`, appliedAt });
}
