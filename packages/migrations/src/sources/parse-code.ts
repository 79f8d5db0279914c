import type { CodeWork } from '../code/define-migration.ts';
import type { FileProblem } from '../errors.ts';
import { hashCode, type Migration, type ParsedDown, refOf, type Step } from '../migration.ts';
import { inSchema } from './parse-migration.ts';
import { problemOf } from './problem.ts';
import type { MigrationFile } from './source.ts';

/** Imports a module and makes steps of what it exports. */
export async function parseCode(file: MigrationFile): Promise<Migration | FileProblem> {
  try {
    const code = await file.load?.();
    if (code === undefined) throw new Error('there is no module');
    const stepOf = (work: CodeWork): Step => asStep(work, code.transaction, file.schema);
    return {
      ...refOf(file),
      text: file.text,
      statements: [],
      steps: code.steps.map(stepOf),
      hash: hashCode(file.text),
      rawHash: file.rawHash,
      directives: { noTransaction: !code.transaction, outOfOrder: false },
      down: code.down && downOf(file, code.down.map(stepOf)),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return problemOf(file.file, {
      message: `cannot be imported: ${reason}`,
      hint: 'It has to be a module whose default export is defineMigration({ up }), with types that Node.js can strip.',
    });
  }
}

function downOf(file: MigrationFile, steps: readonly Step[]): ParsedDown {
  return { file: file.file, text: file.text, statements: [], steps };
}

function asStep(work: CodeWork, isTransactional: boolean, schema: string | undefined): Step {
  if (typeof work === 'function') {
    const fingerprint = hashCode(String(work));
    return { kind: 'code', statements: [], fingerprint, isTransactional, schema, run: work };
  }
  const { table, key, set, where } = work.spec;
  const fingerprint = hashCode(JSON.stringify([table, key, set, where]));
  const spec = {
    ...work.spec,
    table: inSchema(table, schema),
    set: inSchema(set, schema),
    where: where && inSchema(where, schema),
  };
  return { kind: 'backfill', statements: [], fingerprint, spec };
}
