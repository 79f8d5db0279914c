import { describe, expect, it } from 'vitest';
import {
  createGraphQL,
  GraphQLError,
  GraphQLHttpError,
  type HeadersSource,
} from '../../src/graphql/index.ts';
import { deadlineIn, InvalidOptionsError } from '../../src/index.ts';
import { assertNothingLeft, scriptedFetch } from '../../src/testing/index.ts';
import { brokenOff, failing, graphql, rig, URL_OF_API } from './harness.ts';

const QUERY = 'query Q($id: ID!) { product(id: $id) { title } }';
const MUTATION =
  'mutation M { productCreate(input: {}) { product { id } userErrors { message } } }';
const OK = (): Response => graphql({ data: { product: { title: 'Hat' } } });
const caught = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.catch((error: unknown) => error);

describe('a call', () => {
  it('posts JSON and gives data and extensions', async () => {
    const reply = graphql({ data: { product: { title: 'Hat' } }, extensions: { a: 1 } });
    const { client, sent } = rig([reply], { headers: { 'x-token': 't' } });
    const result = await client.query<{ product: { title: string } }>(QUERY, { id: '1' });
    expect(result).toEqual({ data: { product: { title: 'Hat' } }, extensions: { a: 1 } });
    const [request] = sent.requests;
    expect([request?.method, request?.url]).toEqual(['POST', URL_OF_API]);
    expect(Object.fromEntries(request?.headers ?? [])).toMatchObject({
      'x-token': 't',
      'content-type': 'application/json',
      accept: 'application/json',
    });
    expect(await request?.json()).toEqual({ query: QUERY, variables: { id: '1' } });
  });

  it('takes headers from a function, for each call', async () => {
    let count = 0;
    const { client, sent } = rig([OK(), OK()], {
      headers: async () => ({ 'x-n': `${(count += 1)}` }),
    });
    await client.query(QUERY);
    await client.query(QUERY);
    expect(sent.requests.map(({ headers }) => headers.get('x-n'))).toEqual(['1', '2']);
  });

  it('names the operation', async () => {
    const { client, sent } = rig([OK()]);
    await client.query('query A { a } query B { b }', undefined, { operationName: 'B' });
    expect(await sent.requests[0]?.json()).toMatchObject({ operationName: 'B' });
  });
});

describe('errors', () => {
  it('of GraphQL carry code, errors and the data that there is', async () => {
    const errors = [
      {
        message: 'Hidden',
        path: ['shop', 'secret'],
        extensions: { code: 'ACCESS_DENIED', id: 'x9' },
      },
      { message: 'Other' },
    ];
    const { client, sent } = rig([
      graphql({ data: { shop: { name: 'A', secret: null } }, errors }),
    ]);
    const error = await caught(client.query(QUERY));
    expect(error).toBeInstanceOf(GraphQLError);
    expect(error).toMatchObject({
      name: 'GraphQLError',
      serverCode: 'ACCESS_DENIED',
      message: 'Hidden and 1 more (ACCESS_DENIED, HTTP 200, request x9)',
      data: { shop: { name: 'A', secret: null } },
      status: 200,
      requestId: 'x9',
    });
    expect((error as GraphQLError).errors).toEqual(errors);
    expect(sent.requests).toHaveLength(1);
  });

  it.each([
    ['a page', new Response('<html>', { status: 404 }), 404],
    ['errors that are a string', graphql({ errors: '[API] Invalid API key' }, 401), 401],
    ['an array', graphql([]), 200],
    ['no data', graphql({}), 200],
    ['data of null', graphql({ data: null }), 200],
    ['data that is a text', graphql({ data: 'x' }), 200],
    ['nothing', new Response(''), 200],
  ])('of HTTP: %s', async (_, reply, status) => {
    const { client, sent } = rig([reply], {}, { retry: undefined });
    const outcome = caught(client.query(MUTATION));
    const error = await outcome;
    expect(error).toBeInstanceOf(GraphQLHttpError);
    expect(error).toMatchObject({ code: 'ERR_OPS_GRAPHQL_HTTP', status });
    expect(sent.requests).toHaveLength(1);
  });

  it('tell when to come back, and no more than the beginning of a page', async () => {
    const page = 'a'.repeat(10_000);
    const { client } = rig([new Response(page, { status: 503, headers: { 'retry-after': '90' } })]);
    const error = (await caught(client.query(QUERY))) as GraphQLHttpError;
    expect(error).toMatchObject({ status: 503, retryAfterMs: 90_000 });
    expect(error.excerpt).toHaveLength(500);
    expect(error.message.length).toBeLessThan(200);
  });

  it('with hostile entries do no harm', async () => {
    const entries = [
      null,
      5,
      'text',
      { message: 7, extensions: 'no' },
      { extensions: { code: {} } },
    ];
    const { client } = rig([graphql({ errors: entries })]);
    const error = (await caught(client.query(QUERY))) as GraphQLError;
    expect(error).toMatchObject({ code: 'ERR_OPS_GRAPHQL', serverCode: undefined });
    expect(error.errors.map(({ message }) => message)).toEqual([
      'null',
      '5',
      'text',
      'Unknown error',
      'Unknown error',
    ]);
  });

  it.each([
    { productCreate: { product: null, userErrors: [{ field: ['title'], message: 'Too long' }] } },
    {
      invoiceCreate: { didSucceed: false, inputErrors: [{ path: ['a'], message: 'b', code: 'c' }] },
    },
  ])('of the business are data, and are not repeated', async (data) => {
    const { client, sent } = rig([graphql({ data })]);
    expect((await client.query(MUTATION, {}, { idempotencyKey: true })).data).toEqual(data);
    expect(sent.requests).toHaveLength(1);
  });
});

describe('what is never sent', () => {
  it('a key that is empty, or variables that are no JSON', async () => {
    const { client, clock, sent } = rig([], { cost: 'shopify' });
    await expect(client.query(MUTATION, {}, { idempotencyKey: '' })).rejects.toBeInstanceOf(
      InvalidOptionsError,
    );
    await expect(client.query(QUERY, { id: 1n })).rejects.toBeInstanceOf(TypeError);
    expect(sent.requests).toHaveLength(0);
    assertNothingLeft({ clock });
  });

  it('a token to where a redirect leads', async () => {
    const moved = new Response('', { status: 302, headers: { location: 'https://evil.example/' } });
    const { client, sent } = rig([moved], { headers: { 'x-token': 't' } });
    expect(await caught(client.query(QUERY))).toMatchObject({ status: 302 });
    expect(sent.requests.map(({ redirect }) => redirect)).toEqual(['manual']);
  });
});

describe('what is repeated', () => {
  const lost = (): Error =>
    new TypeError('fetch failed', { cause: Object.assign(new Error(''), { code: 'ECONNRESET' }) });
  const refused = (): Error =>
    new TypeError('fetch failed', {
      cause: Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
    });

  it.each([
    ['a 502', () => new Response('bad gateway', { status: 502 })],
    ['a connection that is lost', lost],
    ['a body that breaks off', brokenOff],
    ['half a reply', () => new Response('{"data":{"pro')],
    ['INTERNAL_SERVER_ERROR', () => failing('INTERNAL_SERVER_ERROR')],
  ])('a query after %s, a mutation not', async (_, make) => {
    const query = rig([make(), OK()]);
    const outcome = query.client.query(QUERY);
    await query.clock.advance(1_000);
    expect((await outcome).data).toEqual({ product: { title: 'Hat' } });
    assertNothingLeft({ clock: query.clock });
    const mutation = rig([make(), OK()]);
    expect(await caught(mutation.client.query(MUTATION))).toBeInstanceOf(Error);
    expect(mutation.sent.requests).toHaveLength(1);
  });

  it.each([
    ['a refused connection', refused],
    ['a 429', () => new Response('', { status: 429 })],
    ['a 503 with a wait', () => new Response('', { status: 503, headers: { 'retry-after': '1' } })],
    ['THROTTLED', () => failing('THROTTLED')],
    ['a code of 429', () => failing('429')],
  ])('a mutation after %s', async (_, make) => {
    const { client, clock, sent } = rig([make(), OK()]);
    const outcome = client.query(MUTATION);
    await clock.advance(2_000);
    expect((await outcome).data).toBeDefined();
    expect(sent.requests).toHaveLength(2);
  });

  it('a mutation not when a part of it was done', async () => {
    const { client, sent } = rig([failing('THROTTLED', { one: { id: 1 }, two: null }), OK()]);
    expect(await caught(client.query(MUTATION))).toMatchObject({ serverCode: 'THROTTLED' });
    expect(sent.requests).toHaveLength(1);
  });

  it.each(['THROTTLED', 'UNAUTHENTICATED'])(
    'a mutation not when a field of it may have been done: %s',
    async (code) => {
      const denied = { message: '', path: ['b'], extensions: { code } };
      const broke = { message: '', path: ['a'], extensions: { code: 'INTERNAL_SERVER_ERROR' } };
      const replies = [
        { data: { a: null, b: null }, errors: [broke, denied] },
        { data: { a: null, b: null }, errors: [denied] }, // null is what `a` gave
      ];
      for (const reply of replies) {
        const refresh = async (): Promise<HeadersSource> => ({});
        const { client, sent } = rig([graphql(reply), OK()], { refresh });
        expect(await caught(client.query(MUTATION))).toBeInstanceOf(GraphQLError);
        expect(sent.requests).toHaveLength(1);
        const query = rig([graphql(reply), OK()], { refresh });
        const outcome = query.client.query(QUERY);
        await query.clock.advance(1_000);
        expect((await outcome).data).toBeDefined();
      }
      const whole = { data: { b: null }, errors: [denied] };
      const { client, clock } = rig([graphql(whole), OK()], { refresh: async () => ({}) });
      const outcome = client.query(MUTATION);
      await clock.advance(1_000);
      expect((await outcome).data).toBeDefined();
    },
  );

  it('THROTTLED not before the time that Retry-After tells', async () => {
    const errors = [{ message: '', extensions: { code: 'RATE_LIMITED' } }];
    const { client, clock, sent } = rig([graphql({ errors }, 200, { 'retry-after': '4' }), OK()]);
    const outcome = client.query(MUTATION);
    await clock.advance(3_999);
    expect(sent.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await outcome).data).toBeDefined();
  });

  it.each([
    ['idempotencyKey: true', MUTATION, { idempotencyKey: true }, /^[\da-f-]{36}$/],
    ['a key', MUTATION, { idempotencyKey: 'mine' }, /^mine$/],
    ['@idempotent', 'mutation { a(i: 1) @idempotent(key: "k") { id } }', {}, /^null$/],
  ] as const)(
    'a mutation with %s like a query, with the same key',
    async (_, document, options, pattern) => {
      const { client, clock, sent } = rig([new Response('', { status: 500 }), lost(), OK()]);
      const outcome = client.query(document, {}, options);
      await clock.advance(5_000);
      expect((await outcome).data).toBeDefined();
      const keys = sent.requests.map(({ headers }) => headers.get('idempotency-key'));
      expect(keys).toHaveLength(3);
      expect(new Set(keys).size).toBe(1);
      expect(String(keys[0])).toMatch(pattern);
      const bodies = await Promise.all(sent.requests.map((request) => request.text()));
      expect(new Set(bodies).size).toBe(1);
    },
  );

  it('in one loop: attempts do not multiply', async () => {
    const replies = [1, 2, 3, 4, 5, 6, 7].map(
      (n) => () => (n % 2 === 0 ? failing('THROTTLED') : new Response('', { status: 503 })),
    );
    const { client, clock, sent } = rig(replies);
    const outcome = caught(client.query(QUERY));
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ status: 503 });
    expect(sent.requests).toHaveLength(3);
  });

  it.each([
    ['without a retry of its own', { retry: undefined }],
    ['with another', { retry: { retries: 5 } }],
  ])('over a fetch %s as the client says', async (_, fetchOptions) => {
    const replies = [1, 2, 3, 4].map(() => () => failing('THROTTLED'));
    const { client, clock, sent } = rig(replies, { retry: { retries: 1 } }, fetchOptions);
    const outcome = caught(client.query(QUERY));
    await clock.advance(5_000);
    expect(await outcome).toMatchObject({ serverCode: 'THROTTLED' });
    expect(sent.requests).toHaveLength(2);
  });

  it('over a fetch that is not made, with the defaults', async () => {
    const sent = scriptedFetch(failing('THROTTLED'), OK());
    const client = createGraphQL({ url: URL_OF_API, fetch: sent, retry: { backoff: () => 0 } });
    expect((await client.query(QUERY)).data).toBeDefined();
    expect(sent.requests).toHaveLength(2);
  });
});

describe('limits', () => {
  it('an attempt includes its body', async () => {
    const stalled = new Response(new ReadableStream());
    const { client, clock } = rig([stalled, OK()], {}, { attemptTimeout: '10s' });
    const outcome = client.query(QUERY);
    await clock.advance(10_500);
    expect((await outcome).data).toBeDefined();
    assertNothingLeft({ clock });
  });

  it('the pause in a body, too', async () => {
    const { client, clock } = rig(
      [new Response(new ReadableStream()), OK()],
      {},
      { bodyIdleTimeout: '2s' },
    );
    const outcome = client.query(QUERY);
    await clock.advance(2_500);
    expect((await outcome).data).toBeDefined();
    assertNothingLeft({ clock });
  });

  it('the whole call, whatever it waits for', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const headers = rig([], { headers: never, timeout: '3s' });
    const waiting = caught(headers.client.query(QUERY));
    await headers.clock.advance(3_000);
    expect(await waiting).toMatchObject({ scope: 'total', timeoutMs: 3_000 });
    const hung = rig(['hang']);
    const deadline = deadlineIn('1s', hung.clock);
    const sending = caught(hung.client.query(QUERY, {}, { deadline }));
    await hung.clock.advance(1_000);
    expect(await sending).toMatchObject({ scope: 'total', timeoutMs: 1_000 });
    assertNothingLeft({ clock: hung.clock });
  });

  it("a caller's abort, in the headers, the reply and a wait", async () => {
    const replies = [
      'hang' as const,
      () => failing('THROTTLED'),
      new Response(new ReadableStream()),
    ];
    for (const reply of replies) {
      const retry = { retries: 2, backoff: () => 5_000 };
      const { client, clock } = rig([reply], {}, { retry });
      const controller = new AbortController();
      const { signal } = controller;
      const outcome = client.query(QUERY, {}, { signal });
      await clock.advance(10);
      const reason = { left: true };
      controller.abort(reason);
      await expect(outcome).rejects.toBe(reason);
      assertNothingLeft({ clock, signals: [signal] });
    }
  });
});
