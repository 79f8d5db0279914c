import type {
  MeasuredIndex,
  MeasuredQuery,
  Measurement,
  QueryReading,
  Scan,
} from '../../src/advise/index.ts';

/** Builders for measurements as a server would give them. */
export const seqScan: Scan = { node: 'Seq Scan', schema: 'public', table: 't', indexes: [] };
export const indexScan: Scan = {
  node: 'Index Scan',
  schema: 'public',
  table: 't',
  indexes: ['t_a'],
};

export function reading(samplesMs: readonly number[], scans: readonly Scan[]): QueryReading {
  return { cost: 100, samplesMs, bytesRead: 8_192, scans };
}

export function query(given: Partial<MeasuredQuery>): MeasuredQuery {
  return { name: 'q', text: 'select * from t where a = $1', values: [1], ...given };
}

export function index(given: Partial<MeasuredIndex>): MeasuredIndex {
  return {
    name: 't_a',
    schema: 'public',
    table: 't',
    statement: 'create index t_a on t (a)',
    state: 'absent',
    ...given,
  };
}

export function measurement(given: Partial<Measurement>): Measurement {
  return {
    takenAt: '2026-01-01T00:00:00.000Z',
    database: 'app',
    serverVersion: '18.4',
    basis: 'executed',
    queries: [],
    indexes: [],
    notes: [],
    ...given,
  };
}
