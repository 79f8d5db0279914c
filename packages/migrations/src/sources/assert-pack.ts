import { InvalidOptionsError } from '@ops/timeout/check';
import type { Settings } from '../options.ts';

/**
 * @param pack empty for the files of the directories.
 * @throws InvalidOptionsError when no source has it: its rows are somebody else's.
 */
export function assertPack(
  method: string,
  { sources }: Pick<Settings, 'sources'>,
  pack: string,
): void {
  const names = sources.map((source) => (source.kind === 'pack' ? source.name : ''));
  if (names.includes(pack)) return;
  const packs = names.filter((name) => name !== '').join(' or ');
  throw new InvalidOptionsError(
    pack === ''
      ? `${method}: no source is a directory; name a pack: expected ${packs}`
      : `${method}: pack: no source has a pack of the name '${pack}'`,
  );
}
