/**
 * What the sink did besides writing: it made partitions, or could not. `partitions_failed` stops
 * nothing while there is a default partition; it is tried again after five minutes.
 */
export type PostgresSinkEvent =
  | {
      readonly type: 'partitions_made';
      /** Names as in the catalog, without the schema. */
      readonly created: readonly string[];
      /** Rows that were waiting in the default partition. */
      readonly movedRows: number;
    }
  | { readonly type: 'partitions_failed'; readonly cause: unknown };
