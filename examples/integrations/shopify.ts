import { type CreateFetchOptions, createFetch } from '@ops/timeout/fetch';
import { createGraphQL, type GraphQLCallOptions, type GraphQLClient } from '@ops/timeout/graphql';

/** Options of {@link createShopify}. */
export interface ShopifyOptions {
  /** The permanent name: `my-shop` or `my-shop.myshopify.com`, no other domain. */
  readonly shop: string;
  /** An access token of the Admin API. */
  readonly token: string;
  /** Gives another token when this one has expired. Default: the error is the result. */
  readonly refresh?: ((context: { readonly signal: AbortSignal }) => Promise<string>) | undefined;
  /** `YYYY-MM` (January, April, July, October) or `unstable`. @default '2026-10' */
  readonly version?: string | undefined;
  /** In place of the limits below: a clock for tests, `onEvent`, a breaker. */
  readonly fetchOptions?: CreateFetchOptions | undefined;
}

/** One page of a connection; ask for `nodes` and for both fields of `pageInfo`. */
export interface Connection<TNode> {
  readonly nodes: readonly TNode[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The Admin API of one shop. */
export interface Shopify extends GraphQLClient {
  /**
   * All nodes of a connection, page by page, as they are asked for. The document takes the cursor as
   * `$after: String`; the page size (`first`, at most 250) is its own.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the document gives
  nodes<TData, TNode>(
    document: string,
    variables: object,
    connection: (data: TData) => Connection<TNode>,
    options?: GraphQLCallOptions,
  ): AsyncGenerator<TNode, void, undefined>;
}

/**
 * A client that keeps to the points of the shop, and in which no call takes more than 30 seconds.
 * Make one for each shop: the points are counted for each app and shop.
 *
 * @see https://shopify.dev/docs/api/admin-graphql
 */
export function createShopify(options: ShopifyOptions): Shopify {
  const { shop, token, refresh, version = '2026-10', fetchOptions } = options;
  const name = shop.replace(/\.myshopify\.com$/, '');
  // A token must not be sent wherever an unchecked name leads.
  if (!/^[a-z\d][a-z\d-]*$/i.test(name))
    throw new TypeError('shop: expected my-shop.myshopify.com');
  if (!/^(\d{4}-\d{2}|unstable)$/.test(version)) throw new TypeError('version: expected YYYY-MM');
  const headersFor = (value: string): Record<string, string> => ({
    'X-Shopify-Access-Token': value,
  });
  const client = createGraphQL({
    url: `https://${name}.myshopify.com/admin/api/${version}/graphql.json`,
    headers: headersFor(token),
    refresh: refresh && (async (context) => headersFor(await refresh(context))),
    cost: 'shopify',
    fetch: createFetch({
      timeout: '30s',
      attemptTimeout: '10s',
      bodyIdleTimeout: '5s',
      retry: { retries: 2 },
      ...fetchOptions,
    }),
  });
  return {
    query: (...args) => client.query(...args),
    async *nodes(document, variables, connection, callOptions) {
      let after: string | null = null;
      for (;;) {
        const { data } = await client.query(document, { ...variables, after }, callOptions);
        const { nodes, pageInfo } = connection(data as Parameters<typeof connection>[0]);
        yield* nodes;
        // A cursor that does not move would give the same page for ever.
        if (!pageInfo.hasNextPage || pageInfo.endCursor === after) return;
        after = pageInfo.endCursor;
      }
    },
  };
}
