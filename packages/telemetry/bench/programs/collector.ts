/* Takes what the clients send, in the format of each, and counts events by their number. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** How it behaves: it answers 200, it answers 503, or nobody listens at its port. */
export type Mode = 'up' | 'unavailable' | 'refused';

/** What it has got. */
export interface Collected {
  /** Different events. */
  readonly events: number;
  /** That came once more. */
  readonly repeats: number;
  readonly requests: number;
  readonly bytes: number;
  readonly mostSockets: number;
}

/** To it. */
export type Order = { readonly mode: Mode } | 'report';

interface Attribute {
  readonly key: string;
  readonly value: { readonly intValue?: number | string | undefined };
}

interface Body {
  readonly events: readonly { readonly id: string; readonly props: { readonly n: number } }[];
  readonly batch: readonly { readonly properties: { readonly n: number } }[];
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly { readonly attributes: readonly Attribute[] }[];
    }[];
  }[];
}

const seen = new Set<number>();
const totals = { repeats: 0, requests: 0, bytes: 0, mostSockets: 0 };
let sockets = 0;
let mode: Mode = 'up';

function add(numbers: readonly number[]): void {
  for (const n of numbers) {
    if (seen.has(n)) totals.repeats += 1;
    seen.add(n);
  }
}

function take(path: string, body: Body): unknown {
  if (path.startsWith('/ours')) {
    add(body.events.map(({ props }) => props.n));
    return { results: Object.fromEntries(body.events.map(({ id }) => [id, { result: 'ok' }])) };
  }
  if (path.startsWith('/otel')) {
    const records = body.resourceLogs.flatMap(({ scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords),
    );
    add(records.map(({ attributes }) => Number(attributes.find(isNumber)?.value.intValue)));
    return {};
  }
  add(body.batch.map(({ properties }) => properties.n));
  return { status: 1 };
}

function isNumber({ key }: Attribute): boolean {
  return key === 'n';
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  totals.requests += 1;
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const sent = Buffer.concat(parts);
  if (mode !== 'up') {
    response.writeHead(503).end();
    return;
  }
  totals.bytes += sent.length;
  // PostHog does not always say that it is compressed.
  const text = (sent[0] === 0x1f && sent[1] === 0x8b ? gunzipSync(sent) : sent).toString();
  const given = take(request.url ?? '', JSON.parse(text) as Body);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(given));
}

const server = createServer((request, response) => {
  // A connection that breaks off has brought no events.
  answer(request, response).catch(() => request.socket.destroy());
});
server.on('connection', (socket) => {
  sockets += 1;
  totals.mostSockets = Math.max(totals.mostSockets, sockets);
  socket.once('close', () => {
    sockets -= 1;
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

async function become(wanted: Mode): Promise<void> {
  if (mode === 'refused') {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }
  mode = wanted;
  if (wanted !== 'refused') return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

process.on('message', (order: Order) => {
  if (order === 'report') {
    process.send?.({ events: seen.size, ...totals } satisfies Collected);
    return;
  }
  void become(order.mode).then(() => process.send?.('done'));
});
process.send?.(`http://127.0.0.1:${port}`);
