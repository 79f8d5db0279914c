import { CheckFailedError } from '../errors.ts';
import { errnoOf, isDenied } from './errno.ts';

/** Memory in use, and how much there may be. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Reads a text file; rejects as `fs.readFile` does. */
export type ReadText = (path: string) => Promise<string>;

interface Hierarchy {
  readonly root: string;
  readonly limit: string;
  readonly usage: string;
  readonly inactive: RegExp;
}

const V2: Hierarchy = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  usage: 'memory.current',
  inactive: /^inactive_file (\d+)$/m,
};
const V1: Hierarchy = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  inactive: /^total_inactive_file (\d+)$/m,
};

/** Version 1 says "no limit" by the greatest multiple of a page below 2^63. */
const NO_LIMIT_BYTES = 2 ** 62;
const DEEPEST = 32;

/**
 * The memory of this process's control group, of version 2 or 1, and of those around it: the one
 * that is fullest, since each can be the one in which the kernel kills. `undefined` when none has a
 * limit, or there are none, as on another system than Linux.
 *
 * In use is what the kernel could not take back by dropping files from its cache: usage less
 * `inactive_file`, the working set by which the kubelet evicts.
 */
export async function cgroupMemory(readText: ReadText): Promise<MemoryUse | undefined> {
  const own = await textAt('/proc/self/cgroup', readText);
  if (own === undefined) return undefined;
  const { hierarchy, path } = placeIn(own);
  let fullest: MemoryUse | undefined;
  for (const directory of directoriesUp(path)) {
    const use = await useIn(`${hierarchy.root}${directory}`, hierarchy, readText);
    if (use !== undefined && (fullest === undefined || shareOf(use) > shareOf(fullest))) {
      fullest = use;
    }
  }
  return fullest;
}

/** The share in use. */
export function shareOf({ usedBytes, limitBytes }: MemoryUse): number {
  return usedBytes / limitBytes;
}

/** Lines are `id:controllers:path`; version 2 has the id 0 and no controllers. */
function placeIn(own: string): { hierarchy: Hierarchy; path: string } {
  const lines = own.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const v1 = lines.find((line) => line?.[1]?.split(',').includes('memory'));
  const v2 = lines.find((line) => line?.[1] === '');
  return v1 ? { hierarchy: V1, path: v1[2] ?? '/' } : { hierarchy: V2, path: v2?.[2] ?? '/' };
}

/** A container may see the path that the host knows, of which only the end is mounted. */
function directoriesUp(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  // `..`: the group is outside of what this namespace shows.
  if (parts.includes('..')) return [''];
  const kept = parts.slice(0, DEEPEST);
  return kept.map((_, at) => `/${kept.slice(0, kept.length - at).join('/')}`).concat('');
}

async function useIn(
  directory: string,
  { limit, usage, inactive }: Hierarchy,
  readText: ReadText,
): Promise<MemoryUse | undefined> {
  const most = (await textAt(`${directory}/${limit}`, readText))?.trim();
  if (most === undefined || most === 'max') return undefined;
  const limitBytes = bytesIn(most);
  if (limitBytes >= NO_LIMIT_BYTES || limitBytes === 0) return undefined;
  const used = bytesIn((await textAt(`${directory}/${usage}`, readText)) ?? '');
  const statistics = (await textAt(`${directory}/memory.stat`, readText)) ?? '';
  const droppable = bytesIn(inactive.exec(statistics)?.[1] ?? '0');
  return { usedBytes: Math.max(0, used - droppable), limitBytes };
}

function bytesIn(text: string): number {
  if (/^\d+\s*$/.test(text)) return Number(text);
  throw new CheckFailedError('bad_response', 'the control group tells no number of bytes');
}

async function textAt(path: string, readText: ReadText): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    const outcome = isDenied(errno) ? 'insufficient_privilege' : 'error';
    throw new CheckFailedError(outcome, 'the control group cannot be read', { cause: error });
  }
}
