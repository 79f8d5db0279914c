/* Node clients that send events to an ingest server. The argument is a SendJob. */
import { createTelemetry } from '../../src/node/index.ts';
import { CONTEXT, type events, KEY, NAME } from '../definitions.ts';
import { finish, jobOf } from '../program.ts';
import { propertiesOf } from '../properties.ts';

/** What to do. */
export interface SendJob {
  readonly endpoint: string;
  readonly rows: number;
  /** Each has one request under way at most. */
  readonly clients: number;
}

/** What it took. */
export interface SendResult {
  readonly ms: number;
  readonly cpuMs: number;
  readonly delivered: number;
}

const WARM_UP = 2_000;
/** Events tracked in one go, so that other clients of this process have their turn. */
const PORTION = 100;
const { endpoint, rows, clients } = jobOf() as SendJob;
const telemetries = Array.from({ length: clients }, () =>
  createTelemetry<typeof events>({ endpoint, key: KEY, context: CONTEXT }),
);

/** The events `[from, to)`, each by one of the clients. */
async function send(from: number, to: number): Promise<void> {
  await Promise.all(
    telemetries.map(async (telemetry, index) => {
      for (let first = from + index * PORTION; first < to; first += clients * PORTION) {
        if (!(await telemetry.ready({ timeout: '60s' }))) throw new Error('no room');
        for (let n = first; n < Math.min(first + PORTION, to); n += 1) {
          telemetry.track(NAME, { ...propertiesOf(n), status: n % 7 === 0 ? 'error' : 'success' });
        }
      }
      await telemetry.flush({ timeout: '120s' });
    }),
  );
}

function delivered(): number {
  return telemetries.reduce((sum, telemetry) => sum + telemetry.stats().delivered, 0);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

await send(0, WARM_UP);
// Asked when all is warm; the answer says that its cost was noted.
const go = new Promise((resolve) => process.once('message', resolve));
process.send?.('warm');
await go;
const before = delivered();
const from = cpuMs();
const startedAt = performance.now();
await send(WARM_UP, WARM_UP + rows);
const ms = performance.now() - startedAt;
finish({ ms, cpuMs: cpuMs() - from, delivered: delivered() - before } satisfies SendResult);
