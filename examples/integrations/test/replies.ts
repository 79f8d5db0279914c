import { TLSSocket } from 'node:tls';
import type { ManualClock } from '@ops/timeout/testing';
import { HttpResponse, http } from 'msw/http';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll } from 'vitest';

/** What the service was asked. */
export interface Asked {
  readonly url: string;
  readonly headers: Headers;
  readonly body: { readonly query: string; readonly variables?: Record<string, unknown> };
}

/** Gives a reply, or never does. */
export type Reply = (asked: Asked) => Response | Promise<Response>;

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(async () => {
  server.resetHandlers();
  // msw destroys its TLS sockets and leaves their handles open, which the tripwire takes for sockets.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const handles: unknown[] = Reflect.apply(Reflect.get(process, '_getActiveHandles'), process, []);
  for (const socket of handles) {
    if (!(socket instanceof TLSSocket && socket.destroyed)) continue;
    (Reflect.get(socket, '_handle') as { close(): void } | null)?.close();
  }
});
afterAll(() => server.close());

/** The service answers by this script, and not at all when it has run out. */
export function script(endpoint: string, ...replies: Reply[]): Asked[] {
  const asked: Asked[] = [];
  server.use(
    http.post(endpoint, async ({ request }) => {
      const { url, headers } = request;
      const one: Asked = { url, headers, body: (await request.json()) as Asked['body'] };
      const reply = replies[asked.length];
      asked.push(one);
      return reply?.(one) ?? HttpResponse.error();
    }),
  );
  return asked;
}

export const data =
  (value: object, extensions?: object): Reply =>
  () =>
    HttpResponse.json({ data: value, extensions });

export const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  () =>
    HttpResponse.json({ errors: `HTTP ${code}` }, { status: code, headers });

export const failure =
  (code: string, extensions?: object): Reply =>
  () =>
    HttpResponse.json({ errors: [{ message: code, extensions: { code } }], extensions });

/** The headers never come. */
export const hang: Reply = () => new Promise(() => {});

/** The body begins and then stalls, or is reset. */
export const broken =
  (how: 'stalled' | 'reset'): Reply =>
  () => {
    let isFirst = true;
    const body = new ReadableStream({
      pull(controller) {
        if (isFirst) controller.enqueue(new TextEncoder().encode('{"data":'));
        else if (how === 'reset') controller.error(socketError());
        isFirst = false;
      },
    });
    return new HttpResponse(body, { headers: { 'content-type': 'application/json' } });
  };

function socketError(): TypeError {
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  return new TypeError('terminated', { cause });
}

/** Moves the clock until the outcome is there, be it a value or an error, and tells how long that took. */
export async function timed(
  clock: ManualClock,
  outcome: Promise<unknown>,
): Promise<[settled: unknown, tookMs: number]> {
  const startedMs = clock.monotonic();
  const settled: unknown[] = [];
  void outcome.catch((error: unknown) => error).then((value) => settled.push(value));
  for (;;) {
    // The service answers in real time; a while of silence means that only the clock can help.
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (settled.length > 0) return [settled[0], clock.monotonic() - startedMs];
    await clock.advance(100);
  }
}
