// A fetch with limits, retries and the rest around it.

// What HTTP outcomes and headers mean, for classifiers and clients of your own.
export { classifyHttp } from './classify-http.ts';
export { createFetch } from './create-fetch.ts';
// The time that remains, told to the next server and read from the last.
export {
  DEADLINE_HEADER,
  type ReadDeadlineOptions,
  readDeadlineHeader,
} from './deadline-header.ts';
export type {
  CreateFetchOptions,
  Fetch,
  Resilience,
  ResilientFetch,
  ResilientRequestInit,
} from './options.ts';
export { formatRetryAfter, parseRetryAfter } from './parse-retry-after.ts';
export { readWait } from './rate-limit.ts';
