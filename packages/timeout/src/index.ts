// Limits on one operation.

// Lengths of time and where time comes from; the other packages use these.
export { type Clock, systemClock, type Timer } from './clock.ts';
export { type Duration, toMilliseconds } from './duration.ts';
// Everything that is thrown.
export { InvalidOptionsError, TimeoutError, type TimeoutScope } from './errors.ts';
export { type OperationContext, type WithTimeoutOptions, withTimeout } from './with-timeout.ts';
