// The light part of the package, for programs that end soon after they start: option checking without
// zod, and what of the core loads in a fraction of its time. Same objects as in the main entry.
export { type OptionReader, readOptions } from '../check-options.ts';
export { type Clock, systemClock, type Timer } from '../clock.ts';
export { type Duration, toMilliseconds } from '../duration.ts';
export { InvalidOptionsError } from '../errors.ts';
export { withTimeout } from '../with-timeout.ts';
