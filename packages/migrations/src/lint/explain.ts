import type { Rule } from './rule.ts';
import { RULES } from './rules/registry.ts';

/** A rule of other linters that is not needed with this runner, and why. */
export interface UnneededRule {
  readonly id: string;
  readonly isNeeded: false;
  readonly why: string;
}

const UNNEEDED: Readonly<Record<string, string>> = {
  'prefer-robust-stmts':
    'Elsewhere a file that stops half-way is run again from its start, so every statement needs if not exists. Here progress is recorded with each step, and the next run goes on at the exact one. With if not exists, a wrong definition of the same name would pass in silence (if-not-exists-name-collision).',
  'concurrently-if-not-exists':
    'Elsewhere create index concurrently if not exists takes an INVALID leftover for the index and records it as done. Here the runner looks at the catalog first: the same and valid is done, INVALID is dropped and built again, different is an error. So it is safe either way.',
  'ban-concurrent-index-creation-in-transaction':
    'The runner runs such statements outside a transaction by itself. A begin in the file is reported as transaction-nesting.',
  'ban-uncommitted-transaction':
    'A file must not begin a transaction at all; see transaction-nesting.',
  'require-statement-timeout':
    'A limit on a build that is known to take long would only throw it away; what holds up others is waiting for a lock, and lock_timeout limits that. A file may set statement_timeout.',
};

/** Everything known about a rule, for a person who asks. Undefined when there is none of that id. */
export function explain(id: string): Rule | UnneededRule | undefined {
  const rule = RULES.find((each) => each.id === id);
  if (rule) {
    // Without the function that looks for it.
    const { id: _, ...facts } = rule;
    return {
      id,
      ...Object.fromEntries(
        Object.entries(facts).filter(([key]) => key !== 'check' && key !== 'on'),
      ),
    } as Rule;
  }
  const why = Object.hasOwn(UNNEEDED, id) ? UNNEEDED[id] : undefined;
  return why === undefined ? undefined : { id, isNeeded: false, why };
}

/** The ids of all rules. */
export function ruleIds(): readonly string[] {
  return RULES.map(({ id }) => id);
}
