import { plainJson, type Redactor } from '../plain-json.ts';

/** A context as it was when it was passed in; JSON of an object. */
export type ContextSnapshot =
  | { readonly values: Readonly<Record<string, unknown>>; readonly json: string }
  | { readonly failure: unknown };

export const emptyContext: ContextSnapshot = { values: {}, json: '{}' };

/**
 * What `extra` is now, on top of `parent`. One that cannot be read, or that no event could carry
 * within `maxBytes`, gives a failed snapshot: its events are refused, since without the context they
 * would say something else.
 */
export function snapshotContext(
  parent: ContextSnapshot,
  extra: unknown,
  maxBytes: number,
  redactor: Redactor | undefined,
): ContextSnapshot {
  if ('failure' in parent || extra === undefined || extra === null) return parent;
  try {
    const json = plainJson(extra, maxBytes, redactor);
    if (!json?.startsWith('{')) return { failure: new TypeError('The context is not an object') };
    const values = { ...parent.values, ...(JSON.parse(json) as Record<string, unknown>) };
    return { values, json: JSON.stringify(values) };
  } catch (failure) {
    return { failure };
  }
}
