import type { Finding, LintReport, Severity, SuppressedFinding } from '../finding.ts';

/** A finding in JSON. What is absent from a finding is null here, so that every key is always there. */
export interface JsonFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly statement: number;
  readonly statementCount: number;
  readonly message: string;
  readonly why: string;
  readonly lock: string | null;
  readonly safeRewrite: string | null;
  readonly url: string | null;
  readonly excerpt: readonly string[];
}

/** A finding that was switched off, in JSON. */
export interface JsonSuppressedFinding extends JsonFinding {
  /** Null for a `-- squawk-ignore`, which has none. */
  readonly reason: string | null;
  /** Line of the comment. */
  readonly suppressedLine: number;
}

/** The numbers of a run, in JSON. */
export interface JsonSummary {
  readonly errorCount: number;
  readonly warningCount: number;
  readonly suppressedCount: number;
  readonly fileCount: number;
  readonly statementCount: number;
}

/** What {@link formatJson} writes. */
export interface JsonReport extends JsonSummary {
  /** Of this shape. Keys may be added under the same number. */
  readonly version: 1;
  readonly findings: readonly JsonFinding[];
  readonly suppressed: readonly JsonSuppressedFinding[];
}

/** A line of {@link formatNdjson}. The last is `lint-finished`. */
export type NdjsonLine =
  | ({ readonly type: 'finding' } & JsonFinding)
  | ({ readonly type: 'suppressed-finding' } & JsonSuppressedFinding)
  | ({ readonly type: 'lint-finished' } & JsonSummary);

/** One object, see {@link JsonReport}; indented, with a line end. */
export function formatJson(report: LintReport): string {
  const json: JsonReport = {
    version: 1,
    ...summaryOf(report),
    findings: report.findings.map(findingOf),
    suppressed: report.suppressed.map(suppressedOf),
  };
  return `${safeJson(json, 2)}\n`;
}

/** One object a line, see {@link NdjsonLine}: the findings, the suppressed ones, then the numbers. */
export function formatNdjson(report: LintReport): string {
  const lines: NdjsonLine[] = [
    ...report.findings.map((each) => ({ type: 'finding' as const, ...findingOf(each) })),
    ...report.suppressed.map((each) => ({
      type: 'suppressed-finding' as const,
      ...suppressedOf(each),
    })),
    { type: 'lint-finished', ...summaryOf(report) },
  ];
  return lines.map((line) => `${safeJson(line)}\n`).join('');
}

/**
 * `JSON.stringify`, which escapes only the controls below space, with the others escaped too: they
 * act on terminals, and U+2028 ends a line for some readers of NDJSON.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function findingOf(finding: Finding): JsonFinding {
  const { rule, severity, file, line, column, endLine, endColumn } = finding;
  const { statement, statementCount, message, why, lock, safeRewrite, url, excerpt } = finding;
  return {
    rule,
    severity,
    file,
    line,
    column,
    endLine,
    endColumn,
    statement,
    statementCount,
    message,
    why,
    lock: lock ?? null,
    safeRewrite: safeRewrite ?? null,
    url: url ?? null,
    excerpt: excerpt ?? [],
  };
}

function suppressedOf({ finding, reason, line }: SuppressedFinding): JsonSuppressedFinding {
  return { ...findingOf(finding), reason: reason === '' ? null : reason, suppressedLine: line };
}

function summaryOf(report: LintReport): JsonSummary {
  const { errorCount, warningCount, suppressed, fileCount, statementCount } = report;
  return {
    errorCount,
    warningCount,
    suppressedCount: suppressed.length,
    fileCount,
    statementCount,
  };
}
