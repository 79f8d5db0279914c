import type { FileProblem } from '../errors.ts';
import { hashFile, type Migration, type ParsedDown, refOf } from '../migration.ts';
import { positionOf } from '../sql/position.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { splitStatements } from '../sql/split.ts';
import { readSteps } from './read-steps.ts';
import { readSections, type Sections } from './sections.ts';
import type { MigrationFile } from './source.ts';
import type { Trouble } from './trouble.ts';

/**
 * Reads one file, with what takes it back. At most one problem is reported for it: the first.
 *
 * @param committing procedures of the database that end transactions; see `unresolvedCalls`. A `call`
 * of one becomes a step of its own. Those that the file itself defines are found without.
 */
export function parseMigration(
  file: MigrationFile,
  committing?: ReadonlySet<string>,
): Migration | FileProblem {
  const text = inSchema(file.text, file.schema);
  const problem = (trouble: Trouble): FileProblem => problemAt(file.file, text, trouble);
  const sections = readSections(text);
  if ('offset' in sections) return problem(sections);
  const { noTransaction, outOfOrder } = sections;
  const up = readSteps(sections.up, { noTransaction, committing });
  if ('offset' in up) return problem(up);
  if (up.statements.length === 0) {
    const message = sections.isSingleFile
      ? 'has no statement in its up section'
      : 'has no statement';
    const hint = 'Write one, or delete the file. To do nothing on purpose: select 1;';
    return problem({ offset: 0, message, hint });
  }
  const down = readDown(file, text, sections, committing);
  if (down !== undefined && 'message' in down) return down;
  return {
    ...refOf(file),
    text,
    ...up,
    hash: text === file.text ? hashFile(up.statements) : hashBeforeReplacement(file.text),
    rawHash: file.rawHash,
    directives: { noTransaction, outOfOrder },
    down,
  };
}

/** What takes a file back, without a look at whether the rest of it could be run. */
export function parseDown(
  file: MigrationFile,
  committing?: ReadonlySet<string>,
): ParsedDown | FileProblem | undefined {
  const text = inSchema(file.text, file.schema);
  const sections = readSections(text);
  if ('offset' in sections) return problemAt(file.file, text, sections);
  return readDown(file, text, sections, committing);
}

/** Puts the quoted schema in the place of every `{{schema}}`. */
export function inSchema(text: string, schema: string | undefined): string {
  return schema === undefined ? text : text.replaceAll('{{schema}}', () => quoteIdentifier(schema));
}

/** So that a pack's schema may be another in each installation. */
function hashBeforeReplacement(text: string): string {
  const sections = readSections(text);
  return hashFile(splitStatements('up' in sections ? sections.up : text));
}

/** From the down section or the down file; a file without a statement takes nothing back. */
function readDown(
  { file, down, schema }: MigrationFile,
  text: string,
  sections: Sections,
  committing: ReadonlySet<string> | undefined,
): ParsedDown | FileProblem | undefined {
  if (down === undefined) {
    if (sections.down === undefined) return undefined;
    const noTransaction = sections.isDownWithoutTransaction;
    const steps = readSteps(sections.down, { noTransaction, committing });
    return 'offset' in steps ? problemAt(file, text, steps) : { file, text, ...steps };
  }
  const downText = inSchema(down.text, schema);
  const own = readSections(downText);
  if ('offset' in own) return problemAt(down.file, downText, own);
  if (own.isSingleFile || sections.down !== undefined) {
    return problemAt(down.file, downText, {
      offset: 0,
      message: own.isSingleFile
        ? 'is a down file with sections of its own'
        : `takes back what the down section of ${file} takes back as well`,
      hint: 'Keep either the down file, without section markers, or a down section in the up file.',
    });
  }
  const steps = readSteps(own.up, { noTransaction: own.noTransaction, committing });
  if ('offset' in steps) return problemAt(down.file, downText, steps);
  return steps.statements.length === 0 ? undefined : { file: down.file, text: downText, ...steps };
}

function problemAt(file: string, text: string, { offset, message, hint }: Trouble): FileProblem {
  return { file, ...positionOf(text, offset), message, hint };
}
