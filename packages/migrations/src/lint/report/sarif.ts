import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Finding, LintReport, SuppressedFinding } from '../finding.ts';
import type { Rule } from '../rule.ts';
import { RULES } from '../rules/registry.ts';
import { safeJson } from './json.ts';
import { printableText } from './printable.ts';
import { ruleMarkdown, ruleText } from './rule-text.ts';

/** What {@link formatSarif} cannot know. */
export interface SarifOptions {
  /** All that could have fired; GitHub shows their text beside a result. @default all there are */
  readonly rules?: readonly Rule[] | undefined;
  /** Version of this package. */
  readonly version?: string | undefined;
}

const SCHEMA =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * A SARIF 2.1.0 log, for code scanning. Suppressed findings are in it, marked as such, with the reason.
 * Columns count characters (`unicodeCodePoints`). Paths inside the working directory are relative to
 * `%SRCROOT%`, which the reader knows.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function formatSarif(
  report: LintReport,
  { rules = RULES, version }: SarifOptions = {},
): string {
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'ops-migrate lint',
            ...(version === undefined ? {} : { version }),
            rules: descriptors(report, rules),
          },
        },
        columnKind: 'unicodeCodePoints',
        results: results(report, rules),
      },
    ],
  };
  return `${safeJson(log, 2)}\n`;
}

function descriptors(report: LintReport, rules: readonly Rule[]): object[] {
  return [...rules.map(descriptor), ...unlisted(report, rules).map((id) => ({ id }))];
}

/** Ids that fired without being among the rules. */
function unlisted({ findings, suppressed }: LintReport, rules: readonly Rule[]): string[] {
  const known = new Set(rules.map(({ id }) => id));
  const fired = [...findings, ...suppressed.map(({ finding }) => finding)];
  return [...new Set(fired.map(({ rule }) => rule))].filter((id) => !known.has(id));
}

function descriptor(rule: Rule): object {
  const { id, summary, why, severity, url } = rule;
  const isOff = severity === 'off';
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: why },
    help: { text: ruleText(rule), markdown: ruleMarkdown(rule) },
    ...(url === undefined ? {} : { helpUri: url }),
    defaultConfiguration: { enabled: !isOff, level: isOff ? 'warning' : severity },
  };
}

function results(report: LintReport, rules: readonly Rule[]): object[] {
  const ids = [...rules.map(({ id }) => id), ...unlisted(report, rules)];
  const { findings, suppressed } = report;
  // All results carry the property, or none: a reader takes its absence for "not looked at".
  const hasSuppressions = suppressed.length > 0;
  return [
    ...findings.map((finding) => ({
      ...result(finding, ids),
      ...(hasSuppressions ? { suppressions: [] } : {}),
    })),
    ...suppressed.map((each) => ({
      ...result(each.finding, ids),
      suppressions: [suppression(each)],
    })),
  ];
}

function result(finding: Finding, ids: readonly string[]): object {
  return {
    ruleId: finding.rule,
    ruleIndex: ids.indexOf(finding.rule),
    level: finding.severity,
    message: { text: plainMessage(finding) },
    locations: [{ physicalLocation: physicalLocation(finding) }],
  };
}

function suppression({ finding, reason, line }: SuppressedFinding): object {
  return {
    kind: 'inSource',
    ...(reason === '' ? {} : { justification: reason }),
    location: {
      physicalLocation: {
        artifactLocation: artifactLocation(finding.file),
        region: { startLine: line },
      },
    },
  };
}

function physicalLocation(finding: Finding): object {
  const { line, column, endLine, endColumn, excerpt = [] } = finding;
  // The context has to hold the region, and a long region's excerpt stops before its end.
  const isWhole = excerpt.length > endLine - line;
  const context = {
    startLine: line,
    endLine: line + excerpt.length - 1,
    snippet: { text: excerpt.join('\n') },
  };
  return {
    artifactLocation: artifactLocation(finding.file),
    region: { startLine: line, startColumn: column, endLine, endColumn },
    ...(isWhole ? { contextRegion: context } : {}),
  };
}

function artifactLocation(file: string): object {
  if (isAbsolute(file)) return { uri: pathToFileURL(file).href };
  // A colon in the first part of a relative reference would end a scheme.
  // Half of a surrogate pair, which a name given by the caller may have, cannot be encoded.
  const uri = file.toWellFormed().split(sep).map(encodeURIComponent).join('/');
  return { uri, uriBaseId: '%SRCROOT%' };
}

/** The first sentence is what is shown where there is little room. */
function plainMessage({ message, why, lock, safeRewrite }: Finding): string {
  const parts = [`${message}.`, why];
  if (lock !== undefined) parts.push(`Lock: ${lock}`);
  if (safeRewrite !== undefined) parts.push(`Instead:\n${safeRewrite}`);
  return withoutLinks(printableText(parts.join('\n\n')));
}

/** `[text](1)` is a link in SARIF's plain text. Other brackets stay: SQL has many. */
function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^[\]]*)\](?=\()/g, String.raw`\[$1\]`);
}
