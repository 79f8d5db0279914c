import { callable, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import {
  DEFAULT_MAX_BODY_BYTES,
  exchange,
  isSuccess,
  jsonObject,
  plainUrl,
} from './http-exchange.ts';
import { type ResponseTimeOptions, responseTimeOptions, timed } from './response-time.ts';

/** Options of {@link supabaseAuth}. */
export interface SupabaseAuthOptions extends CheckPolicy, ResponseTimeOptions {
  /** Of the project, as `https://abc.supabase.co`. */
  readonly url: string | URL;
  /** The publishable (`anon`) key; a secret one is not needed. Sent as `apikey`. */
  readonly apiKey: string;
  /** What sends the request. Default: `globalThis.fetch`, looked up at each attempt. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  ...responseTimeOptions,
  url: plainUrl,
  apiKey: z.string().regex(/^[\x21-\x7e]+$/, 'expected a key'),
  fetch: callable<typeof globalThis.fetch>().optional(),
} satisfies Shape<SupabaseAuthOptions>);

/**
 * Whether a project's auth service answers: `GET /auth/v1/health` is answered with 200 by GoTrue
 * itself, not by something in between. Tells how long it took, and warns from `warn` on.
 *
 * Codes: `auth` (the key is not accepted), `bad_response` (another status, or not GoTrue's answer),
 * `rate_limited`, `refused`, `dns`, `tls`, `timeout`, `threshold`. Neither URL nor key gets into a
 * message; redirects are not followed.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function supabaseAuth(options: SupabaseAuthOptions): ExternalCheckSpec {
  const { url, apiKey, fetch, warn, clock, ...policy } = parseOptions(schema, options, {
    of: 'supabaseAuth',
    secretKeys: ['url', 'apiKey'],
  });
  const look = async (signal: AbortSignal): Promise<void> => {
    const { text } = await exchange({
      url: new URL('/auth/v1/health', url),
      headers: { accept: 'application/json', apikey: apiKey },
      fetch,
      isExpected: isSuccess,
      maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
      signal,
    });
    if (jsonObject(text)['name'] === 'GoTrue') return;
    throw new CheckFailedError('bad_response', 'the answer is not that of the auth service');
  };
  return {
    ...policy,
    external: true,
    run: ({ signal }) => timed(() => look(signal), { warn, clock }),
  };
}
