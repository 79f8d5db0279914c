// The pack for a migrator, and the queries that `advise` measures it by.
export { performanceIndexes } from './performance-indexes.ts';
export { performanceQueries } from './performance-queries.ts';
