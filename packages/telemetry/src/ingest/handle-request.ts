import {
  checkRate,
  mayHoldKey,
  senderByBody,
  senderByHeaders,
  takeFromRate,
  unauthorized,
} from './admission.ts';
import type { ByteAccount, ByteBudget } from './byte-budget.ts';
import { type ContentEncoding, checkContent, checkMethod } from './check-headers.ts';
import type { Cors } from './cors.ts';
import { parseBatch } from './parse-batch.ts';
import type { RateLimit } from './rate-limit.ts';
import { readBody } from './read-body.ts';
import { requestRejection } from './rejection.ts';
import { overloaded, RequestRefusal } from './request-refusal.ts';
import { asRefusal, refusalResponse } from './results.ts';
import { type Handling, storeBatch } from './store-batch.ts';

/** What all requests share. */
export interface Service extends Handling {
  readonly budget: ByteBudget;
  readonly crossOrigin: Cors | undefined;
  readonly rate: RateLimit | undefined;
}

/** The part of the byte budget that bodies may take whose sender is not known yet. */
const UNKNOWN_SENDER_SHARE = 0.5;

/** Answers one request. Never rejects. */
export async function handleRequest(
  request: Request,
  service: Service,
  isClosed: boolean,
): Promise<Response> {
  const { crossOrigin, notify, tally } = service;
  // A sender known by the time of a refusal is named in it.
  const known: { sender?: string } = {};
  try {
    if (request.method === 'OPTIONS' && crossOrigin) return crossOrigin.preflight(request);
    tally.requests += 1;
    if (isClosed) throw closed();
    return await admit(request, service, known);
  } catch (error) {
    const refusal = asRefusal(error);
    tally.refused[refusal.reason] = (tally.refused[refusal.reason] ?? 0) + 1;
    notify.rejected(requestRejection(refusal, known.sender));
    return refusalResponse(refusal, service.retryAfter);
  }
}

/** The checks that need no body, cheapest first. */
async function admit(
  request: Request,
  service: Service,
  known: { sender?: string },
): Promise<Response> {
  checkMethod(request, service.crossOrigin?.methods ?? 'POST');
  const sender = await senderByHeaders(request, service.auth);
  if (sender !== undefined) known.sender = sender;
  else if (!mayHoldKey(request)) throw unauthorized();
  const encoding = checkContent(request);
  // Before the body is read: what cannot be stored should not take memory either.
  if (service.commit.isFull) throw overloaded('Too many events are waiting');
  if (sender !== undefined) checkRate(service.rate, sender);
  const account = service.budget.open();
  try {
    return await ingest(request, { encoding, account, known }, service);
  } finally {
    account.close();
  }
}

interface Admitted {
  readonly encoding: ContentEncoding;
  readonly account: ByteAccount;
  readonly known: { sender?: string };
}

async function ingest(
  request: Request,
  { encoding, account, known }: Admitted,
  service: Service,
): Promise<Response> {
  const { auth, clock, dialects, limits } = service;
  const text = await readBody(request, {
    encoding,
    limits: { ...limits, bodyTimeoutMs: limits.bodyTimeout },
    take: account.take,
    share: known.sender === undefined ? UNKNOWN_SENDER_SHARE : 1,
    clock,
  });
  const batch = parseBatch(text, request, { dialects, maxEvents: limits.events });
  const sender = (known.sender ??= await senderByBody(request, batch.key, auth));
  takeFromRate(service.rate, sender, batch.events.length);
  const arrival = { batch, sender, receivedAt: new Date(clock.now()) };
  return storeBatch(arrival, service, account);
}

function closed(): RequestRefusal {
  const message = 'This server is being stopped';
  return new RequestRefusal(503, 'closed', message, { retry: 'soon' });
}
