// For packages and applications whose options are checked the same way.
export {
  type Fault,
  type OptionsOf,
  parseOptions,
  SAYS_ITSELF,
  type Shape,
} from './parse-options.ts';
export {
  callable,
  type DurationLimits,
  durationMs,
  positiveInteger,
  withMethods,
} from './schemas.ts';
