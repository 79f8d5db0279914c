import { normalizeVersion } from './version.ts';

/** What a file's name says. */
export type FileName =
  | NamedFile
  /** Looks like a migration, but would not be run. */
  | { readonly role: 'misnamed'; readonly message: string; readonly hint: string }
  | { readonly role: 'other' };

export interface NamedFile {
  readonly role: 'up' | 'down';
  readonly kind: 'sql' | 'code';
  readonly version: string;
  readonly name: string;
}

// A name after a hyphen does not begin with a digit: 2025-11-05_plans.sql is no version 2025.
const PLAIN = /^(\d+)(?:_([^.].*?)|-([^\d.].*?))?(?:\.(up|down))?\.sql$/;
const FLYWAY = /^([VU])(\d+(?:[._]\d+)*)__(.+)\.sql$/;
const CODE = /^(\d+)(?:_([^.].*)|-([^\d.].*))\.(?:ts|mts|js|mjs)$/;
const CODE_ENDING = /\.(?:ts|mts|js|mjs)$/;
/** Compiled declarations, and tests that lie beside a module. */
const BESIDE_CODE = /\.(?:d|test|spec)\.[a-z]+$/;
/** Other tools' names for files that must not be run as a migration. */
const OTHER_ROLE = /\.(?:up|down|do|undo|rollback|revert|verify)$/i;
/** A folder of Prisma's, with its `migration.sql`. */
const FOLDER = /^(\d+)_(.+)$/;

const NAME_HINT = 'Name it <digits>_<name>.sql, for example 20250201000000_add_plans.sql.';

/** Reads the name of a file, without its folder. */
export function readFileName(fileName: string): FileName {
  if (fileName.startsWith('.')) return { role: 'other' };
  return /\.sql$/i.test(fileName) ? readSqlName(fileName) : readCodeName(fileName);
}

/** Reads the name of a sub-folder. */
export function readFolderName(folderName: string): NamedFile | { readonly role: 'other' } {
  const [, digits, name] = FOLDER.exec(folderName) ?? [];
  return digits === undefined ? { role: 'other' } : named('up', 'sql', digits, name);
}

function readSqlName(fileName: string): FileName {
  const [, letter, dotted, title] = FLYWAY.exec(fileName) ?? [];
  if (dotted !== undefined) return named(letter === 'U' ? 'down' : 'up', 'sql', dotted, title);
  const [, digits, afterLine, afterHyphen, role] = PLAIN.exec(fileName) ?? [];
  const name = afterLine ?? afterHyphen;
  if (digits === undefined) return misnamed(fileName);
  if (OTHER_ROLE.test(name ?? '')) {
    const message = 'the name does not say whether it is to be run, so the file would be ignored';
    const hint =
      'Name what is run <digits>_<name>.up.sql and what takes it back <digits>_<name>.down.sql.';
    return { role: 'misnamed', message, hint };
  }
  return named(role === 'down' ? 'down' : 'up', 'sql', digits, name);
}

/** Modules may have helpers beside them; only a name that begins like a version is taken for one. */
function readCodeName(fileName: string): FileName {
  if (!CODE_ENDING.test(fileName) || BESIDE_CODE.test(fileName)) return { role: 'other' };
  const [, digits, afterLine, afterHyphen] = CODE.exec(fileName) ?? [];
  if (digits !== undefined) return named('up', 'code', digits, afterLine ?? afterHyphen);
  return /^\d/.test(fileName) ? misnamed(fileName) : { role: 'other' };
}

function named(
  role: NamedFile['role'],
  kind: NamedFile['kind'],
  version: string,
  name = '',
): NamedFile {
  return { role, kind, version: normalizeVersion(version) ?? version, name };
}

function misnamed(fileName: string): FileName {
  const message = 'the name does not say its version, so the file would be ignored';
  if (fileName.startsWith('R__')) {
    const hint =
      'Repeatable migrations are not supported. Put each new text into a file with a version of its own.';
    return { role: 'misnamed', message, hint };
  }
  if (!fileName.endsWith('.sql') && /\.sql$/i.test(fileName)) {
    const hint = `Name it ${fileName.slice(0, -4)}.sql`;
    return {
      role: 'misnamed',
      message: 'the ending is not .sql in lower case, so the file would be ignored',
      hint,
    };
  }
  const [, year, month, day, rest] = /^(\d{4})-(\d\d)-(\d\d)[-_](.+)$/.exec(fileName) ?? [];
  const hint = year === undefined ? NAME_HINT : `Name it ${year}${month}${day}000000_${rest}`;
  return { role: 'misnamed', message, hint };
}
