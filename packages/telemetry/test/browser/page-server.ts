import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import { createIngestHandler, keys } from '../../src/ingest/index.ts';
import { memorySink } from '../memory-sink.ts';
import { type LocalServer, serve } from '../serve.ts';

export const entry: string = fileURLToPath(new URL('../../src/browser/index.ts', import.meta.url));

const events = defineEvents({ ping: z.object({ n: z.number(), pad: z.string().optional() }) });

/** The client as a page gets it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'telemetry',
    target: 'es2022',
  });
  return outputFiles[0]?.text ?? '';
}

/** Tracks three events in a worker and says what became of them. */
const WORKER = `
const client = telemetry.createTelemetry({ endpoint: '/t', key: 'key', store: telemetry.localStore() });
for (let n = 0; n < 3; n += 1) client.track('ping', { n });
client.flush().then((report) => postMessage(report.delivered));
`;

/** Pages with the client, and a real ingest handler at `/t`. */
export async function servePages(origins: readonly string[] | '*' = []) {
  const script = await bundle();
  const sink = memorySink();
  /** Ids in the order of receipt, repeats included. */
  const received: string[] = [];
  /** What went wrong on the server. */
  const rejections: unknown[] = [];
  const preflights: string[] = [];
  /** What pages have posted to `/report`. */
  const reports: string[] = [];
  /** While it is down, connections break before anything is stored; answers wait for `held`. */
  const state: { isDown: boolean; held?: Promise<void> | undefined } = { isDown: false };
  const ingest = createIngestHandler({
    events,
    sink,
    auth: keys(['key']),
    ...(origins.length > 0 && { cors: { origins } }),
    onReject: (rejection) => void rejections.push(rejection),
  });
  const server: LocalServer = await serve(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/client.js') {
      return new Response(script, { headers: { 'content-type': 'text/javascript' } });
    }
    if (pathname === '/t') {
      if (state.isDown) throw new Error('down');
      if (request.method === 'OPTIONS') preflights.push(request.url);
      else {
        const body = (await request.clone().json()) as { events: { id: string }[] };
        received.push(...body.events.map(({ id }) => id));
      }
      const response = await ingest(request);
      await state.held;
      return response;
    }
    if (pathname === '/report') {
      reports.push(await request.text());
      return new Response('');
    }
    if (pathname === '/worker.js') {
      return new Response(`${script}\n${WORKER}`, {
        headers: { 'content-type': 'text/javascript' },
      });
    }
    if (pathname === '/strict') {
      return new Response('<!doctype html><script src="/client.js"></script>', {
        headers: { 'content-type': 'text/html', 'content-security-policy': "connect-src 'none'" },
      });
    }
    return new Response('<!doctype html><script src="/client.js"></script>', {
      headers: { 'content-type': 'text/html' },
    });
  });
  const origin = new URL(server.url).origin;
  return { ...server, origin, sink, received, rejections, preflights, reports, state };
}
