import type { Redactor } from './redact.ts';

/** Something to be put right, with its remedy: a line of a doctor's report. */
export interface Finding {
  /** Its kind, stable over releases: lower case, digits, `_` and `-`, as `sequence_exhaustion`. */
  readonly name: string;
  readonly level: 'info' | 'warn' | 'error';
  /** What it is about, as `public.orders_id_seq`. */
  readonly object?: string | undefined;
  /** What was found. */
  readonly detail: string;
  /** What to do about it. */
  readonly remediation?: string | undefined;
}

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const LEVELS: readonly unknown[] = ['info', 'warn', 'error'];
/** What is accepted; what is kept is cut to 512 bytes. */
const LONGEST_TEXT = 8_192;

/** A finding free of secrets, or what is wrong with it. */
export function readFinding(given: unknown, redact: Redactor): Finding | string {
  if (typeof given !== 'object' || given === null) return 'a finding is not an object';
  const { name, level, object, detail, remediation, ...rest } = { ...given } as Record<
    keyof Finding,
    unknown
  >;
  if (Object.keys(rest).length > 0) return 'a finding has a key that is not known';
  if (typeof name !== 'string' || !NAME.test(name)) return "a finding's name is not one";
  if (!LEVELS.includes(level)) return "a finding's level is not known";
  if (!isText(detail) || !isOptionalText(object) || !isOptionalText(remediation)) {
    return "a finding's object, detail or remediation is not a text of up to 8192 characters";
  }
  return Object.freeze({
    name,
    level: level as Finding['level'],
    object: object && redact(object, 'names'),
    detail: redact(detail, 'names'),
    remediation: remediation && redact(remediation, 'names'),
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TEXT;
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
