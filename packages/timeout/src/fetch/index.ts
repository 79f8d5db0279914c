export { type CreateFetchOptions, createFetch, type Fetch } from './create-fetch.ts';
