import { type Deadline, deadlineIn } from '../deadline.ts';
import { soonest } from '../fetch/soonest.ts';
import { pipeline } from '../pipeline.ts';
import { sleep } from '../sleep.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import { GraphQLError, GraphQLHttpError } from './errors.ts';
import { isHarmlessToRepeat } from './operation-kind.ts';
import { type CreateGraphQLOptions, type GraphQLSettings, readGraphQLOptions } from './options.ts';
import { type GraphQLReply, hasCode, isRefused, isWithoutData } from './read-reply.ts';
import { createReader, type ReadGraphQL } from './reader.ts';
import { createLedger, type Spending } from './spending.ts';

/** What one call says about itself. */
export interface GraphQLCallOptions {
  /** Its abort rejects at once with the identical reason, from every state. */
  readonly signal?: AbortSignal | undefined;
  /** Which operation of the document; needed when it has several. */
  readonly operationName?: string | undefined;
  /**
   * Sends an `Idempotency-Key`, the same with each attempt: `true` for a random one. With it a
   * mutation is repeated like a query, so give it only where the server keeps such keys.
   */
  readonly idempotencyKey?: true | string | undefined;
  /** Holds if it is sooner than `timeout`. */
  readonly deadline?: Deadline | undefined;
}

/** A client of one endpoint. */
export interface GraphQLClient {
  /**
   * Carries out an operation, a mutation too. A query is repeated after anything that may pass. A
   * mutation is repeated only after what was certainly not carried out, unless it has a key: an
   * `idempotencyKey`, or the directive `@idempotent` on each of its outermost fields.
   *
   * `userErrors`, `inputErrors` and `didSucceed` are data: look at them.
   *
   * @throws GraphQLError when the reply has `errors`; `error.data` is the part that there is.
   * @throws GraphQLHttpError when the reply is not GraphQL.
   * @throws TimeoutError when a limit of time passed.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the document gives
  query<TData = unknown>(
    document: string,
    variables?: object,
    options?: GraphQLCallOptions,
  ): Promise<GraphQLReply<TData>>;
}

/** What the parts of one call share. */
interface Call {
  readonly body: string;
  readonly isIdempotent: boolean;
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly deadline: Deadline;
  readonly read: ReadGraphQL;
}

const UNAUTHENTICATED: ReadonlySet<string> = new Set(['UNAUTHENTICATED']);

/**
 * Makes a GraphQL client over a made fetch, with its limits, breaker and budget. Errors of GraphQL
 * that pass (`THROTTLED`) are repeated in the same loop as those of HTTP, so attempts do not multiply,
 * and each attempt includes reading the body.
 *
 * @throws InvalidOptionsError when an option is wrong, at construction.
 */
export function createGraphQL(options: CreateGraphQLOptions): GraphQLClient {
  const settings = readGraphQLOptions(options);
  const { clock, engine, timeoutMs } = settings;
  const credentials = createCredentials(settings.headers, settings.refresh);
  const ledger = settings.hasCost ? createLedger(clock) : undefined;

  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the interface has it
    async query<TData>(
      document: string,
      variables?: object,
      { signal, operationName, idempotencyKey, deadline }: GraphQLCallOptions = {},
    ): Promise<GraphQLReply<TData>> {
      signal?.throwIfAborted();
      const body = JSON.stringify({ query: document, variables, operationName });
      const spending = ledger?.open(document);
      try {
        const call: Call = {
          body,
          isIdempotent: Boolean(idempotencyKey) || isHarmlessToRepeat(document, operationName),
          key: idempotencyKey === true ? crypto.randomUUID() : idempotencyKey,
          signal,
          deadline: soonest(deadlineIn(timeoutMs, clock), deadline, engine.parentDeadline?.()),
          read: createReader(clock, spending),
        };
        if (spending !== undefined) await waitForPoints(spending, call, settings);
        return (await sendRenewing(call, settings, credentials)) as GraphQLReply<TData>;
      } finally {
        spending?.end();
      }
    },
  };
}

/** Fails at once when the points would come after the deadline. */
async function waitForPoints(
  { waitMs, expectedCost }: Spending,
  { deadline, signal }: Call,
  { clock }: GraphQLSettings,
): Promise<void> {
  if (waitMs === 0) return;
  const leftMs = deadline.remainingMs();
  if (waitMs >= leftMs) {
    const message = `Not sent: its ${expectedCost} points are there in ${Math.ceil(waitMs)} ms, and ${Math.floor(leftMs)} ms are left`;
    const errors = [{ message, extensions: { code: 'THROTTLED' } }];
    throw new GraphQLError({ errors, data: undefined, status: 0 });
  }
  await sleep(waitMs, signal, clock);
}

/** Sends; once more with new headers if the server does not know who is asking. */
async function sendRenewing(
  call: Call,
  settings: GraphQLSettings,
  credentials: Credentials,
): Promise<GraphQLReply<unknown>> {
  const { signal, deadline } = call;
  const limited = pipeline({ clock: settings.clock });
  const current = (): ReturnType<Credentials['current']> =>
    limited((context) => credentials.current(context.signal), { signal, deadline });
  const { headers, generation } = await current();
  try {
    return await send(call, settings, headers);
  } catch (error) {
    if (!credentials.canRenew || !isUnauthenticated(error, call)) throw error;
  }
  await limited((context) => credentials.renew(generation, context.signal), { signal, deadline });
  return send(call, settings, (await current()).headers);
}

function send(
  { body, isIdempotent, key, signal, deadline, read }: Call,
  { engine, url }: GraphQLSettings,
  headers: Headers,
): Promise<GraphQLReply<unknown>> {
  headers.set('content-type', 'application/json');
  if (!headers.has('accept')) headers.set('accept', 'application/json');
  const resilience = { idempotent: isIdempotent, idempotencyKey: key, deadline };
  // A redirect would make a GET of it, and take a token in a header of its own to wherever it leads.
  const init = { method: 'POST', redirect: 'manual', headers, body, resilience } as const;
  return engine.exchange(url, { ...init, signal: signal ?? null }, read);
}

/** So that nothing was done, and it can be sent again. */
function isUnauthenticated(error: unknown, { isIdempotent }: Call): boolean {
  if (error instanceof GraphQLHttpError) return error.status === 401;
  if (!(error instanceof GraphQLError) || !isWithoutData(error.data)) return false;
  if (error.status === 401) return true;
  return isIdempotent ? hasCode(error.errors, UNAUTHENTICATED) : isRefused(error, UNAUTHENTICATED);
}
