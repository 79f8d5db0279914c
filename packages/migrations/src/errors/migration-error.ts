/** A migration in an error, an event or a report. */
export interface MigrationRef {
  /** Name of the pack it belongs to; empty for the files of `directory()`. */
  readonly pack: string;
  /** Digits without leading zeros; for Flyway's dotted versions several, joined by dots: `1.2`. */
  readonly version: string;
  /** What the file name says beside the version. May be empty. */
  readonly name: string;
  /** The file, relative to the working directory when it lies inside. */
  readonly file: string;
}

/** What all errors of a migrator have in common. Tell them apart by `code`. */
export abstract class MigrationError extends Error {
  abstract readonly code: `ERR_OPS_MIGRATION_${string}`;
  /** What to do about it; also the end of the message. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(hint === undefined ? message : `${message}\nHint: ${hint}`, options);
    this.hint = hint;
  }
}

/** As a person names a migration: `20250201000000_add_plans`, in a pack `telemetry/1_events`. */
export function labelOf({ pack, version, name }: MigrationRef): string {
  const label = name === '' ? version : `${version}_${name}`;
  return pack === '' ? label : `${pack}/${label}`;
}

/** For a message: how many, and the first five of them. */
export function listOf(files: readonly MigrationRef[]): string {
  const names = files.map(labelOf);
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return `${names.length} ${names.length === 1 ? 'migration' : 'migrations'} (${shown.join(', ')})`;
}
