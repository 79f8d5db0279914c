import { compareVersions } from '../sources/version.ts';
import { createCatalog } from './catalog/catalog.ts';
import { type Collector, createCollector, type FileFacts, type Span, spanOf } from './collect.ts';
import { createDeclarations, type Declarations } from './declarations.ts';
import type { LintReport } from './finding.ts';
import { type LintOptions, type LintSettings, readLintOptions } from './options.ts';
import { type LintStatement, type ParsedSql, parseSql } from './parse-sql.ts';
import { loadParser, type SqlParser } from './parser.ts';
import { type LintInput, readFileInputs, readSourceInputs } from './read-inputs.ts';
import type { Rule } from './rule.ts';
import type { Draft } from './rules/context.ts';
import * as files from './rules/files.ts';
import { STATEMENT_RULES } from './rules/registry.ts';
import { type FileRun, runRules } from './run-rules.ts';
import { readSuppressions } from './suppression.ts';
import { isFarFuture } from './version-time.ts';

interface ParsedInput {
  readonly facts: FileFacts;
  readonly parsed: ParsedSql;
  /** Of its first statement, over all files. */
  readonly order: number;
  readonly isReported: boolean;
}

/**
 * Looks for what would go wrong, or hold up a busy database, when these files are run.
 *
 * All files are replayed into a catalog, so a table made in the same file (or run, see `since`) is
 * known to be empty, and one made later to be missing. No database is asked.
 *
 * @throws InvalidOptionsError
 * @throws MissingPeerError when libpg-query is not installed.
 */
export async function lint(options: LintOptions): Promise<LintReport> {
  const settings = readLintOptions(options);
  const [parser, inputs] = await Promise.all([
    loadParser(),
    settings.sources.length > 0
      ? readSourceInputs(settings.sources)
      : readFileInputs(settings.files),
  ]);
  const declarations = createDeclarations();
  const parsed = parseAll(parser, inputs, settings, declarations);
  const collector = createCollector(settings.severities);
  replayAll(parsed, settings, declarations, collector);
  const reported = parsed.filter(({ isReported }) => isReported);
  for (const { facts } of reported) collector.finish(facts);
  return inOrder(collector.report(reported.length, countStatements(reported)), inputs);
}

/** Runs the rules over all files in order, then those that wait for the end. */
function replayAll(
  parsed: readonly ParsedInput[],
  settings: LintSettings,
  declarations: Declarations,
  collector: Collector,
): void {
  const catalog = createCatalog();
  const checks = STATEMENT_RULES.filter((rule) => isInForce(rule, settings));
  const later: (() => void)[] = [];
  for (const [fileIndex, each] of parsed.entries()) {
    const { facts, isReported } = each;
    if (isReported) reportFile(each, settings, collector);
    // What a module makes is not known, but what it names may be made by it.
    if (facts.input.sql === undefined) catalog.opaque += facts.input.text.toLowerCase();
    const add = (rule: Rule, draft: Draft, statement: LintStatement): void =>
      collector.add(facts, rule, draft, spanOf(draft, statement), statement.number);
    const run: FileRun = {
      file: facts.input.file,
      fileIndex,
      order: each.order,
      statements: each.parsed.statements,
      lineOf: ({ statement }) => facts.map.positionOf(statement.start).line,
      isNew: (index) =>
        index === fileIndex || (isRun(settings) && parsed[index]?.isReported === true),
      report: add,
      atEnd: (rule, check, statement) =>
        later.push(() => {
          const draft = check();
          if (draft) add(rule, draft, statement);
        }),
    };
    runRules(run, isReported ? checks : [], catalog, declarations, settings.serverVersion);
  }
  for (const check of later) check();
}

function isInForce(
  { id, fromVersion, untilVersion }: Rule,
  { severities, serverVersion }: LintSettings,
): boolean {
  return (
    severities.has(id) &&
    serverVersion >= (fromVersion ?? 0) &&
    serverVersion <= (untilVersion ?? Infinity)
  );
}

function isRun({ since, applied }: LintSettings): boolean {
  return since !== undefined || applied.size > 0;
}

function parseAll(
  parser: SqlParser,
  inputs: readonly LintInput[],
  { since, applied }: LintSettings,
  declarations: Declarations,
): ParsedInput[] {
  let order = 0;
  return inputs.map((input) => {
    const parsed = parseSql(parser, input.sql ?? '', input.separate);
    const first = order;
    for (const { node, statement, offsetOf } of parsed.statements) {
      declarations.add(node, order, (location) => {
        const offset = location === undefined ? statement.start : offsetOf(location);
        return `${input.file}:${parsed.map.positionOf(offset).line}`;
      });
      order += 1;
    }
    const { version } = input;
    const isOld =
      version !== undefined &&
      (applied.has(version) || (since !== undefined && compareVersions(version, since) < 0));
    const facts: FileFacts = {
      input,
      map: parsed.map,
      statementCount: parsed.statementCount,
      suppressions: readSuppressions(input.sql ?? '', parsed.pieces),
    };
    return { facts, parsed, order: first, isReported: !isOld };
  });
}

const WHOLE_FILE: Span = { start: 0, end: 0 };

/** What is wrong with a file apart from its statements. */
function reportFile(
  { facts, parsed }: ParsedInput,
  { now }: LintSettings,
  { add }: Collector,
): void {
  const { input, statementCount } = facts;
  for (const { rule, message, hint, offset, position } of input.problems) {
    const known = files.FILE_RULES.find(({ id }) => id === rule) ?? files.unusableFile;
    const span = offset === undefined ? WHOLE_FILE : { start: offset, end: offset + 1 };
    const map = position ? { ...facts.map, positionOf: () => position } : facts.map;
    add({ ...facts, map }, known, { message, rewrite: `-- ${hint}` }, span, 0);
  }
  if (input.pack === '' && input.version !== undefined && isFarFuture(input.version, now)) {
    const message = `version ${input.version} lies ahead, so every file made until then comes out of order`;
    add(facts, files.farFutureVersion, { message }, WHOLE_FILE, 0);
  }
  const { syntaxError } = parsed;
  if (syntaxError) add(facts, files.syntaxError, syntaxError, syntaxError, syntaxError.statement);
  else if (statementCount === 0 && input.sql !== undefined && input.problems.length === 0) {
    const rewrite = 'select 1;  -- to do nothing on purpose';
    add(facts, files.unusableFile, { message: 'has no statement', rewrite }, WHOLE_FILE, 0);
  }
}

function countStatements(inputs: readonly ParsedInput[]): number {
  return inputs.reduce((sum, { parsed }) => sum + parsed.statementCount, 0);
}

/** By file, then by place. */
function inOrder(report: LintReport, inputs: readonly LintInput[]): LintReport {
  const places = new Map(inputs.map(({ file }, at) => [file, at]));
  const findings = report.findings.toSorted(
    (a, b) =>
      (places.get(a.file) ?? 0) - (places.get(b.file) ?? 0) ||
      a.line - b.line ||
      a.column - b.column,
  );
  return { ...report, findings };
}
