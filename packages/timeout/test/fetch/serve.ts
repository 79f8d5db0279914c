import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach } from 'vitest';
import { type ManualClock, manualClock } from '../../src/testing/index.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** An address where nobody listens any more. */
export async function refusedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/** A real server for the time of one test. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
}

/** What a server saw of one request. */
export interface Seen {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Whether the other side let the connection go before the reply was complete. */
  isDropped: boolean;
}

/** Answers the n-th request by the n-th step, the last one again and again, and notes what came. */
export async function serveScript(
  ...steps: readonly RequestListener[]
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  let count = 0;
  const answer = async (...[request, response]: Parameters<RequestListener>): Promise<void> => {
    const step = steps[Math.min(count, steps.length - 1)];
    count += 1;
    const { method = '', headers } = request;
    const body = await text(request).catch(() => '');
    const one: Seen = { method, headers, body, isDropped: false };
    seen.push(one);
    response.on('close', () => {
      one.isDropped = !response.writableFinished;
    });
    step?.(request, response);
  };
  const url = await serve((...args) => void answer(...args));
  return { url, seen };
}

/** A step: this status, with this body and these headers. */
export function reply(
  status: number,
  body = '',
  headers: Record<string, string> = {},
): RequestListener {
  return (_, response) => {
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
    response.end(body);
  };
}

/** A step: headers and the first piece of a body that never goes on. */
export function stall(status = 200): RequestListener {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'text/plain' }).write('first');
  };
}

/** A step: the connection is cut, before the headers or in the middle of the body. */
export function cut(where: 'before' | 'body'): RequestListener {
  return (request, response) => {
    if (where === 'before') request.socket.destroy();
    else response.write('first', () => setImmediate(() => request.socket.destroy()));
  };
}

/** Waits for something that happens by itself; a test that waits in vain times out. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A manual clock that tells how long the timers that are set have to go. */
export interface SteppedClock extends ManualClock {
  readonly delays: readonly number[];
}

export function steppedClock(startedAt: number = Date.UTC(2026, 10, 23)): SteppedClock {
  const clock = manualClock(startedAt);
  const due = new Map<unknown, number>();
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    advance: (ms) => clock.advance(ms),
    jump: (ms) => {
      clock.jump(ms);
    },
    setTimeout(callback, delayMs) {
      const timer = clock.setTimeout(() => {
        due.delete(timer);
        callback();
      }, delayMs);
      due.set(timer, clock.monotonic() + delayMs);
      return timer;
    },
    clearTimeout(timer) {
      due.delete(timer);
      clock.clearTimeout(timer);
    },
    get pendingCount() {
      return clock.pendingCount;
    },
    get delays() {
      return [...due.values()].map((dueMs) => dueMs - clock.monotonic());
    },
  };
}
