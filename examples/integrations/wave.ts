import { type CreateFetchOptions, createFetch } from '@ops/timeout/fetch';
import { createGraphQL, type GraphQLCallOptions, type GraphQLClient } from '@ops/timeout/graphql';

/** Options of {@link createWave}. */
export interface WaveOptions {
  /** An access token: a full access one, or of OAuth. */
  readonly token: string;
  /** Gives another token when this one has expired. Default: the error is the result. */
  readonly refresh?: ((context: { readonly signal: AbortSignal }) => Promise<string>) | undefined;
  /** In place of the limits below: a clock for tests, `onEvent`, a breaker. */
  readonly fetchOptions?: CreateFetchOptions | undefined;
}

/** One page of a connection; ask for `node` and for both fields of `pageInfo`. */
export interface Page<TNode> {
  readonly edges: readonly { readonly node: TNode }[];
  readonly pageInfo: { readonly currentPage: number; readonly totalPages: number };
}

/** The public API of Wave. Look at `didSucceed` and `inputErrors` of a mutation: they are data. */
export interface Wave extends GraphQLClient {
  /**
   * All nodes of a connection, page by page, as they are asked for. The document takes
   * `$page: Int!` and, if it likes, `$pageSize: Int!`, which is 50 unless `variables` has another.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the document gives
  nodes<TData, TNode>(
    document: string,
    variables: object,
    page: (data: TData) => Page<TNode>,
    options?: GraphQLCallOptions,
  ): AsyncGenerator<TNode, void, undefined>;
}

const ENDPOINT = 'https://gql.waveapps.com/graphql/public';

/**
 * A client in which no call takes more than 30 seconds. Wave publishes no limit of its rate, so no
 * more than 4 calls run at once.
 *
 * @see https://developer.waveapps.com
 */
export function createWave({ token, refresh, fetchOptions }: WaveOptions): Wave {
  const headersFor = (value: string): Record<string, string> => ({
    Authorization: `Bearer ${value}`,
  });
  const client = createGraphQL({
    url: ENDPOINT,
    headers: headersFor(token),
    refresh: refresh && (async (context) => headersFor(await refresh(context))),
    fetch: createFetch({
      timeout: '30s',
      attemptTimeout: '10s',
      bodyIdleTimeout: '5s',
      retry: { retries: 2 },
      bulkhead: { limit: 4, queue: 100 },
      ...fetchOptions,
    }),
  });
  return {
    query: (...args) => client.query(...args),
    async *nodes(document, variables, page, callOptions) {
      for (let number = 1; ; number += 1) {
        const all = { pageSize: 50, ...variables, page: number };
        const { data } = await client.query(document, all, callOptions);
        const { edges, pageInfo } = page(data as Parameters<typeof page>[0]);
        for (const { node } of edges) yield node;
        // An empty page ends it too, should the count of pages not be true.
        if (edges.length === 0 || number >= pageInfo.totalPages) return;
      }
    },
  };
}
