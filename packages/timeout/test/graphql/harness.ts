import { type CreateFetchOptions, createFetch } from '../../src/fetch/index.ts';
import {
  type CreateGraphQLOptions,
  createGraphQL,
  type GraphQLClient,
} from '../../src/graphql/index.ts';
import {
  type ManualClock,
  manualClock,
  type ScriptedFetch,
  type ScriptedReply,
  scriptedFetch,
} from '../../src/testing/index.ts';

export const URL_OF_API = 'https://shop.example/graphql.json';

export interface Rig {
  readonly clock: ManualClock;
  readonly sent: ScriptedFetch;
  readonly client: GraphQLClient;
}

/** A client over a made fetch over a script, on a manual clock, without chance. */
export function rig(
  replies: readonly ScriptedReply[],
  options: Partial<CreateGraphQLOptions> = {},
  fetchOptions: CreateFetchOptions = {},
): Rig {
  const clock = manualClock();
  const sent = scriptedFetch(...replies);
  const fetch = createFetch({
    clock,
    random: () => 0,
    timeout: '30s',
    retry: { retries: 2 },
    fetch: sent,
    ...fetchOptions,
  });
  const client = createGraphQL({ url: URL_OF_API, fetch, ...options });
  return { clock, sent, client };
}

/** A reply of GraphQL. */
export function graphql(
  body: object,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return Response.json(body, { status, headers });
}

/** `extensions.cost` of Shopify. */
export function cost(
  requestedQueryCost: number,
  currentlyAvailable: number,
  restoreRate = 100,
  maximumAvailable = 2_000,
): object {
  return {
    cost: {
      requestedQueryCost,
      actualQueryCost: null,
      throttleStatus: { maximumAvailable, currentlyAvailable, restoreRate },
    },
  };
}

export function throttled(...given: Parameters<typeof cost>): Response {
  const errors = [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }];
  return graphql({ errors, extensions: cost(...given) });
}

export function failing(code: string, data?: unknown): Response {
  return graphql({ data, errors: [{ message: `It is ${code}`, extensions: { code } }] });
}

/** A body that breaks off as an undici body does. */
export function brokenOff(): Response {
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  let isFirst = true;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (isFirst) controller.enqueue(new TextEncoder().encode('{"data":'));
        else controller.error(new TypeError('terminated', { cause }));
        isFirst = false;
      },
    }),
  );
}
