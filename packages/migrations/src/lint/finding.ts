/** What a finding does to the exit: errors fail the run, warnings are only shown. */
export type Severity = 'error' | 'warning';

/**
 * One thing that is wrong at one place. Lines and columns count from 1; columns count characters
 * (an emoji is one), not bytes and not UTF-16 units. The end is exclusive: a finding over `ab` at
 * the start of a line is column 1 to endColumn 3.
 */
export interface Finding {
  /** Id of the rule, in kebab case; also what `-- ops: allow` names. */
  readonly rule: string;
  readonly severity: Severity;
  /** The file as the sources name it: relative to the working directory where it lies beneath it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Which statement of the file, from 1; 0 for a finding about the file itself or its name. */
  readonly statement: number;
  /** Statements of the file; 0 when it could not be cut into statements. */
  readonly statementCount: number;
  /** What is wrong here, with the names of this place. One sentence without a full stop. */
  readonly message: string;
  /** What happens because of it. The same for every finding of a rule. */
  readonly why: string;
  /** The lock that is taken, on what, and for how long. Absent when no lock is the trouble. */
  readonly lock?: string | undefined;
  /** SQL (or a comment) to write instead, with this place's names where they are known. */
  readonly safeRewrite?: string | undefined;
  /** Where the facts come from. */
  readonly url?: string | undefined;
  /** The lines of the file that the finding lies on, at most 3, without line ends. */
  readonly excerpt?: readonly string[] | undefined;
}

/** A finding that was switched off in its file, with the reason that was given. */
export interface SuppressedFinding {
  readonly finding: Finding;
  /** Empty for a `-- squawk-ignore`, which has none. */
  readonly reason: string;
  /** Line of the comment. */
  readonly line: number;
}

/** What {@link lint} found. */
export interface LintReport {
  /** In the order of files, then of places. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Files that were reported on; with `since`, older ones are read but not counted. */
  readonly fileCount: number;
  /** Statements in those files. */
  readonly statementCount: number;
  readonly errorCount: number;
  readonly warningCount: number;
}
