import { identifierName } from '../sql/identifier.ts';
import type { Finding, LintReport, Severity, SuppressedFinding } from './finding.ts';
import type { LintStatement } from './parse-sql.ts';
import type { LintInput } from './read-inputs.ts';
import type { Rule } from './rule.ts';
import type { Draft } from './rules/context.ts';
import { suppressionWithoutReason, unusedSuppression } from './rules/files.ts';
import { RULES, SQUAWK_NAMES } from './rules/registry.ts';
import type { Suppression } from './suppression.ts';
import type { TextMap } from './text-map.ts';

/** Lines of a file that a finding shows. */
const EXCERPT_LINES = 3;

/** What is known of a file when findings about it are made. */
export interface FileFacts {
  readonly input: LintInput;
  readonly map: TextMap;
  readonly statementCount: number;
  readonly suppressions: readonly Suppression[];
}

/** Two UTF-16 offsets, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Turns drafts into findings, and leaves out what its file allows. */
export interface Collector {
  add(facts: FileFacts, rule: Rule, draft: Draft, span: Span, statement: number): void;
  /** Says which suppressions of a file were good for nothing. After all that can be said of it. */
  finish(facts: FileFacts): void;
  report(fileCount: number, statementCount: number): LintReport;
}

export function createCollector(severities: ReadonlyMap<string, Severity>): Collector {
  const findings: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  const used = new Set<string>();
  const add: Collector['add'] = (facts, rule, draft, span, statement) => {
    const severity = severities.get(rule.id);
    if (severity === undefined) return;
    const finding = findingOf(facts, rule, severity, draft, span, statement);
    const allowed = facts.suppressions.find((each) => allows(each, rule.id, statement));
    if (allowed === undefined) {
      findings.push(finding);
      return;
    }
    for (const name of namesOf(allowed, rule.id)) used.add(useKey(facts, allowed, name));
    const { line } = facts.map.positionOf(allowed.start);
    suppressed.push({ finding, reason: allowed.reason, line });
  };
  return {
    add,
    finish(facts) {
      for (const suppression of facts.suppressions) {
        for (const [rule, message] of faultsOf(suppression, (name) =>
          used.has(useKey(facts, suppression, name)),
        )) {
          add({ ...facts, suppressions: [] }, rule, { message }, suppression, 0);
        }
      }
    },
    report: (fileCount, statementCount) => ({
      findings,
      suppressed,
      fileCount,
      statementCount,
      errorCount: findings.filter(({ severity }) => severity === 'error').length,
      warningCount: findings.filter(({ severity }) => severity === 'warning').length,
    }),
  };
}

/** Where a draft lies: at a place of the tree, at a name, or all over its statement. */
export function spanOf({ at }: Draft, { statement, offsetOf }: LintStatement): Span {
  const { tokens, start, end } = statement;
  if (at === undefined) return { start, end };
  if (typeof at === 'number') {
    const offset = offsetOf(at);
    const token = tokens.find((each) => each.start <= offset && offset < each.end);
    return { start: offset, end: token?.end ?? offset + 1 };
  }
  // The first two words say what the statement does.
  const token = tokens.slice(2).find((each) => each.text === at || identifierName(each) === at);
  return token ?? { start, end };
}

function findingOf(
  { input, map, statementCount }: FileFacts,
  rule: Rule,
  severity: Severity,
  { message, lock, rewrite }: Draft,
  span: Span,
  statement: number,
): Finding {
  const start = map.positionOf(span.start);
  const end = map.positionOf(span.end);
  return {
    rule: rule.id,
    severity,
    file: input.file,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    statement,
    statementCount,
    message,
    why: rule.why,
    lock: lock ?? rule.lock,
    safeRewrite: rewrite,
    url: rule.url,
    excerpt: map.lines(start.line, end.line, EXCERPT_LINES),
  };
}

function allows(suppression: Suppression, rule: string, statement: number): boolean {
  if (suppression.statement !== undefined && suppression.statement !== statement) return false;
  if (suppression.isForeign && suppression.rules.length === 0) return true;
  if (!suppression.isForeign && suppression.reason === '') return false;
  return namesOf(suppression, rule).length > 0;
}

/** The names in the comment that mean the rule. */
function namesOf({ rules, isForeign }: Suppression, rule: string): string[] {
  return rules.filter(
    (name) => name === rule || (isForeign && SQUAWK_NAMES.get(name)?.includes(rule) === true),
  );
}

function useKey({ input }: FileFacts, { start }: Suppression, rule: string): string {
  return `${input.file}\0${start}\0${rule}`;
}

function faultsOf(
  { rules, reason, isForeign }: Suppression,
  isUsed: (rule: string) => boolean,
): [Rule, string][] {
  // squawk has rules that there is no need for here.
  if (isForeign) return [];
  if (rules.length === 0) return [[unusedSuppression, 'no rule is named']];
  if (reason === '')
    return [[suppressionWithoutReason, `no reason is given for allowing ${rules.join(', ')}`]];
  return rules
    .filter((name) => !isUsed(name))
    .map((name) => {
      const isKnown = RULES.some(({ id }) => id === name);
      return [
        unusedSuppression,
        isKnown ? `${name} has nothing to say here` : `there is no rule ${name}`,
      ];
    });
}
