/** One entry of `errors` in a reply, as the GraphQL specification has it. */
export interface GraphQLErrorEntry {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly locations?: readonly { readonly line: number; readonly column: number }[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** What a {@link GraphQLError} is made of. */
export interface GraphQLErrorFacts {
  readonly errors: readonly GraphQLErrorEntry[];
  readonly data: unknown;
  readonly status: number;
  readonly requestId?: string | undefined;
}

/**
 * The server answered in GraphQL, with `errors`. What was wrong with the business of a mutation
 * (`userErrors`, `inputErrors`) is not among them: that is data.
 */
export class GraphQLError extends Error {
  override readonly name = 'GraphQLError';
  readonly code = 'ERR_OPS_GRAPHQL';
  /**
   * `extensions.code` of the first error, as the server gave it: `'THROTTLED'`, `'UNAUTHENTICATED'`;
   * `undefined` when it gave none.
   */
  readonly serverCode: string | undefined;
  readonly errors: readonly GraphQLErrorEntry[];
  /** What could be computed in spite of the errors; `undefined` or `null` when nothing could. */
  readonly data: unknown;
  /** The HTTP status, 200 for the most part. */
  readonly status: number;
  /** What to quote to the support of the service, if it gave something. */
  readonly requestId: string | undefined;

  constructor(facts: GraphQLErrorFacts, options?: ErrorOptions) {
    const { errors, status, requestId } = facts;
    const serverCode = codeOf(errors[0]);
    const code = serverCode === undefined ? '' : `${serverCode}, `;
    const more = errors.length > 1 ? ` and ${errors.length - 1} more` : '';
    const quote = requestId === undefined ? '' : `, request ${requestId}`;
    super(
      `${errors[0]?.message ?? 'Unknown error'}${more} (${code}HTTP ${status}${quote})`,
      options,
    );
    this.serverCode = serverCode;
    this.errors = errors;
    this.data = facts.data;
    this.status = status;
    this.requestId = requestId;
  }
}

/** The server did not answer in GraphQL: a refusal, an error page of a proxy, half a reply. */
export class GraphQLHttpError extends Error {
  override readonly name = 'GraphQLHttpError';
  readonly code = 'ERR_OPS_GRAPHQL_HTTP';
  readonly status: number;
  /** The first 500 characters of what it sent. It comes from outside: escape it where it is shown. */
  readonly excerpt: string;
  /** How long the server asks to be left alone; `undefined` when it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: string, retryAfterMs?: number, options?: ErrorOptions) {
    const wait = retryAfterMs === undefined ? '' : `; try again in ${Math.ceil(retryAfterMs)} ms`;
    super(`HTTP ${status} without a GraphQL reply (${body.length} characters)${wait}`, options);
    this.status = status;
    this.excerpt = body.slice(0, 500);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The machine-readable code of an entry. Some servers send a number. */
export function codeOf(entry: GraphQLErrorEntry | undefined): string | undefined {
  const code = entry?.extensions?.['code'];
  return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
}
