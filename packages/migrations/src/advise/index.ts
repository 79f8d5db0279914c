// Asking what indexes buy.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
export {
  AdviceMethodError,
  ConnectionError,
  MigrationError,
  PooledConnectionError,
  SourceError,
} from '../errors.ts';
export type { AdviceQuery, AdvisablePack } from './advisable.ts';
export { advise } from './advise.ts';
// Measuring now and later, on a database that must not be disturbed.
export { compareMeasurements } from './compare.ts';
// What happens meanwhile.
export type { AdviceEvent } from './events.ts';
// Showing it.
export { formatAdvice } from './format.ts';
export { measure } from './measure.ts';
export type {
  MeasuredIndex,
  MeasuredQuery,
  Measurement,
  QueryReading,
  Scan,
  Trouble,
} from './measurement.ts';
export type { AdviseOptions, MeasureOptions } from './options.ts';
export type { AdviceReport, IndexAdvice, PlanChange, QueryAdvice, QueryFigures } from './report.ts';
