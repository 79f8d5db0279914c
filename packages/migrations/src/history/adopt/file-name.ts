import { normalizeVersion } from '../../sources/version.ts';

/** A migration's name as some tools keep it, cut into what our history keeps apart. */
export interface NameParts {
  readonly version: string | undefined;
  readonly name: string | undefined;
}

/**
 * Cuts `20250201000000_add_plans` and `000001-add-plans`, with or without an extension and `.up`.
 */
export function cutName(text: string): NameParts {
  const base = text.replace(/\.(?:sql|[cm]?[jt]s)$/i, '').replace(/\.up$/i, '');
  const [, digits, rest] = /^(\d+)(?:[_-](.*))?$/s.exec(base) ?? [];
  const version = digits === undefined ? undefined : normalizeVersion(digits);
  return version === undefined
    ? { version: undefined, name: undefined }
    : { version, name: rest ?? '' };
}
