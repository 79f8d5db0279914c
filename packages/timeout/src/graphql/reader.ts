import type { Verdict } from '../classify.ts';
import type { Clock } from '../clock.ts';
import { assignVerdict } from '../fetch/assigned-verdict.ts';
import { readWait } from '../fetch/rate-limit.ts';
import { classifyReply, isThrottled } from './classify-reply.ts';
import { GraphQLHttpError } from './errors.ts';
import { type GraphQLReply, type RawReply, readReply, toError } from './read-reply.ts';
import type { Spending } from './spending.ts';

/** Reads the reply to one attempt. */
export type ReadGraphQL = (response: Response) => Promise<GraphQLReply<unknown>>;

/**
 * Shopify's firewall, "Security Rejection", comes without a `Retry-After` and hits at random; the
 * next try gets through more often than not, and a third makes matters worse.
 */
const SECURITY_REJECTION = 430;
const SECURITY_WAIT_MS = 5_000;

/** @param spending the points of the call, with a server that counts them as Shopify does. */
export function createReader(clock: Clock, spending: Spending | undefined): ReadGraphQL {
  let securityRejectionCount = 0;

  function classifyHttpError({ status }: GraphQLHttpError): Verdict {
    if (status === SECURITY_REJECTION && spending !== undefined) {
      securityRejectionCount += 1;
      return securityRejectionCount === 1
        ? { kind: 'rejected', afterMs: SECURITY_WAIT_MS }
        : { kind: 'ignore' };
    }
    // A success that is not GraphQL is half a reply, or a proxy's. Anything else is an answer.
    return { kind: status >= 200 && status < 300 ? 'ambiguous' : 'success' };
  }

  return async (response) => {
    let reply: RawReply;
    try {
      reply = await readReply(response, clock.now());
    } catch (error) {
      if (error instanceof GraphQLHttpError) assignVerdict(error, classifyHttpError(error));
      throw error;
    }
    spending?.replied(reply.extensions);
    if (reply.errors.length === 0) return { data: reply.data, extensions: reply.extensions };
    const error = toError(reply, response);
    const waitMs = isThrottled(error)
      ? (spending?.throttled() ?? readWait(response.headers, clock.now()))
      : undefined;
    throw assignVerdict(error, classifyReply(error, waitMs));
  };
}
