import { buildCascadeGraph, type CascadeGraph } from '../catalog/cascade-graph.ts';
import { foreignKeysTo, type GraphTable } from '../catalog/foreign-keys.ts';
import { inspectTable, type TableFacts } from '../catalog/table-facts.ts';
import type { Query } from '../database.ts';
import { quoteIdentifierPath } from '../identifier.ts';
import type { Settings } from '../options.ts';
import type { HoldSettings, PolicySettings } from '../policy/policy-settings.ts';

/** A policy, and the tables that it is about. */
export interface Subject {
  readonly policy: string;
  readonly settings: PolicySettings;
  /** Undefined when there is no such table. */
  readonly facts: TableFacts | undefined;
  readonly graph: CascadeGraph;
  readonly holds: readonly HoldSubject[];
}

/** A table of holds; no facts when it is not there. */
interface HoldSubject {
  readonly hold: HoldSettings;
  readonly facts: TableFacts | undefined;
}

/** A subject whose table is there. */
export type FoundSubject = Subject & { readonly facts: TableFacts };

const NOTHING: CascadeGraph = { cascades: [], cycles: [], resets: [], guards: [] };

export async function findSubject(
  query: Query,
  { policies, holds }: Settings,
  policy: string,
): Promise<Subject | undefined> {
  const settings = policies[policy];
  if (!settings) return undefined;
  const facts = await inspectTable(query, quoteIdentifierPath(settings.table));
  const references = (oids: readonly string[]): ReturnType<typeof foreignKeysTo> =>
    foreignKeysTo(query, oids);
  const graph = facts ? await buildCascadeGraph(facts, references) : NOTHING;
  const counting = settings.holdsExemptBecause === undefined ? holds : [];
  const held: HoldSubject[] = [];
  for (const hold of counting) {
    held.push({ hold, facts: await inspectTable(query, quoteIdentifierPath(hold.table)) });
  }
  return { policy, settings, facts, graph, holds: held };
}

export function found(subjects: readonly Subject[]): readonly FoundSubject[] {
  return subjects.filter((subject): subject is FoundSubject => subject.facts !== undefined);
}

/** Tables whose rows go along with one of the policy's. */
export function cascadedTables({ graph }: Subject): readonly GraphTable[] {
  const tables = graph.cascades.map(({ child }) => child);
  return [...new Map(tables.map((table) => [table.oid, table])).values()];
}

/** Each thing once, by its key, with all the policies that it is about. */
export function grouped<T>(
  pairs: readonly (readonly [key: string, thing: T, policy: string])[],
): readonly { readonly thing: T; readonly policies: readonly string[] }[] {
  const groups = new Map<string, { readonly thing: T; readonly policies: string[] }>();
  for (const [key, thing, policy] of pairs) {
    const group = groups.get(key) ?? { thing, policies: [] };
    groups.set(key, group);
    if (!group.policies.includes(policy)) group.policies.push(policy);
  }
  return [...groups.values()];
}
