import type { Scan } from './measurement.ts';

/** What is read from `explain (verbose, format json)`. */
export interface PlanFacts {
  readonly cost: number;
  /** Only with `analyze`. */
  readonly executionMs: number | undefined;
  /** Pages read, cached or not. Only with `buffers`. */
  readonly pages: number | undefined;
  readonly scans: readonly Scan[];
}

/** As much of a node as is used. PostgreSQL 15 to 18 write them alike. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Parallel Aware'?: boolean;
  readonly 'Total Cost': number;
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
  /** Pages, of the node and all beneath it. */
  readonly [buffers: `${string} ${'Hit' | 'Read'} Blocks`]: number;
}

const BUFFERS = [
  'Shared Hit Blocks',
  'Shared Read Blocks',
  'Local Hit Blocks',
  'Local Read Blocks',
  'Temp Read Blocks',
] as const;

/**
 * @param output the value of the one column that EXPLAIN gives.
 * @param names what to call indexes that EXPLAIN knows under another name.
 */
export function readPlan(output: unknown, names: ReadonlyMap<string, string>): PlanFacts {
  const [top] = output as readonly { Plan: PlanNode; 'Execution Time'?: number }[];
  if (top === undefined) throw new TypeError('EXPLAIN gave no plan');
  const { Plan: root } = top;
  const pages = BUFFERS.map((key) => root[key]).filter((count) => count !== undefined);
  return {
    cost: root['Total Cost'],
    executionMs: top['Execution Time'],
    pages: pages.length === 0 ? undefined : pages.reduce((sum, count) => sum + count, 0),
    scans: scansOf(root, names),
  };
}

function scansOf(node: PlanNode, names: ReadonlyMap<string, string>): Scan[] {
  const beneath = (node.Plans ?? []).flatMap((child) => scansOf(child, names));
  const table = node['Relation Name'];
  if (table === undefined) return beneath;
  const kind = node['Node Type'];
  const isBitmap = kind === 'Bitmap Heap Scan';
  const found = isBitmap ? bitmapIndexes(node) : [node['Index Name']];
  const indexes = found.filter((name) => name !== undefined);
  return [
    {
      node: node['Parallel Aware'] === true ? `Parallel ${kind}` : kind,
      schema: node.Schema ?? '',
      table,
      indexes: indexes.map((name) => names.get(name) ?? name),
    },
    ...beneath,
  ];
}

/** Beneath a bitmap scan lie bitmap index scans, alone or in a BitmapAnd or BitmapOr. */
function bitmapIndexes(node: PlanNode): (string | undefined)[] {
  return (node.Plans ?? []).flatMap((child) => {
    if (child['Node Type'] === 'Bitmap Index Scan') return [child['Index Name']];
    return /^Bitmap(?:And|Or)$/.test(child['Node Type']) ? bitmapIndexes(child) : [];
  });
}
