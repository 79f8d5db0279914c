// For packages whose options are checked by hand, because loading zod would cost them more than their work.
export { type OptionReader, readOptions } from '../check-options.ts';
