import { createHash, timingSafeEqual } from 'node:crypto';
import type { Cleanup, CleanupReport, StopReason } from '@ops/cleanup';

export interface HandlerOptions {
  readonly cleanup: Cleanup;
  /** What the caller sends as `authorization: Bearer …`. */
  readonly secret: string;
  /**
   * For the run. A hosted Edge Function must answer within 150 s; looking at the tables comes on top,
   * and so does the last batch.
   */
  readonly time?: `${number}s` | undefined;
}

/** A handler in the shape of `Deno.serve`, and of any other that takes a `fetch` handler. */
export function createHandler({ cleanup, secret, time = '100s' }: HandlerOptions) {
  // An empty secret would let everybody in who sends none.
  if (secret.length < 16) throw new TypeError('secret: expected at least 16 characters');
  const expected = digest(`Bearer ${secret}`);
  return async (request: Request): Promise<Response> => {
    if (request.method !== 'POST') return answer(405, { error: 'POST only' });
    // Digests are of one length, and compared in a time that says nothing.
    const given = digest(request.headers.get('authorization') ?? '');
    if (!timingSafeEqual(given, expected)) return answer(401, { error: 'no, or a wrong, secret' });
    // Not by the request's signal: pg_net goes away early, and the work is to go on.
    const report = await cleanup.run({ budget: { time } });
    return answer(statusOf(report), summary(report));
  };
}

function statusOf({ policies }: CleanupReport): number {
  const reasons = new Set<StopReason>(Object.values(policies).map(({ stopped }) => stopped));
  if (reasons.has('failed') || reasons.has('fenced')) return 500;
  return reasons.has('refused') ? 409 : 200;
}

/** No messages: those of a database are not for whoever calls. */
function summary({ deleted, durationMs, policies }: CleanupReport): object {
  const stopped = Object.values(policies).map((each) => [each.policy, each.stopped] as const);
  return {
    deleted,
    durationMs: Math.round(durationMs),
    drained: stopped.every(([, reason]) => reason === 'drained'),
    policies: Object.fromEntries(stopped),
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function answer(status: number, body: object): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
}
