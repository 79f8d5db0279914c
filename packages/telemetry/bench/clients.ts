import type { TelemetryStats } from '../src/node/index.ts';
import type { Contestant } from './contestants.ts';
import { propertiesOf } from './properties.ts';

/** One of the clients, reduced to what all of them have. */
export interface BenchClient {
  track(n: number): void;
  flush(): Promise<void>;
  shutdown(timeoutMs: number): Promise<void>;
  told(): Told;
}

/** What a client says of losses, to whom listens. */
export interface Told {
  /** Events that it says are lost; undefined when it gives no number. */
  readonly events: number | undefined;
  /** Notices, callbacks or log lines. */
  readonly notices: number;
}

const KEY = 'write-key';
const NAME = 'workflow_executed';
const ROOM = 1_000_000;
const BATCH = 500;

/**
 * Loads its library alone: another one's code and heap would be its cost, too.
 *
 * @param origin of the collector.
 */
export function createClient(
  { library, isTuned }: Contestant,
  origin: string,
): Promise<BenchClient> {
  return CREATE[library](origin, isTuned);
}

type Create = (origin: string, isTuned: boolean) => Promise<BenchClient>;

const CREATE: Readonly<Record<Contestant['library'], Create>> = {
  async ours(origin, isTuned) {
    const { createTelemetry } = await import('../src/node/index.ts');
    let notices = 0;
    const telemetry = createTelemetry({
      endpoint: `${origin}/ours`,
      key: KEY,
      logger: { warn: () => {} },
      onDrop: () => {
        notices += 1;
      },
      ...(isTuned && {
        queue: { maxEvents: ROOM, maxBytes: ROOM * 1_000 },
        batch: { maxEvents: BATCH },
      }),
    });
    return {
      track: (n) => void telemetry.track(NAME, propertiesOf(n)),
      flush: async () => void (await telemetry.flush()),
      shutdown: async (timeout) => void (await telemetry.shutdown({ timeout })),
      told: () => ({ events: lostOf(telemetry.stats()), notices }),
    };
  },
  async posthog(origin, isTuned) {
    const { PostHog } = await import('posthog-node');
    const posthog = new PostHog(KEY, {
      host: `${origin}/posthog`,
      ...(isTuned && { flushAt: BATCH, maxBatchSize: BATCH, maxQueueSize: ROOM }),
    });
    const notices = countOf((notice) => posthog.on('error', notice));
    return {
      track: (n) =>
        posthog.capture({ distinctId: 'u1', event: NAME, properties: { ...propertiesOf(n) } }),
      // Rejects when a request has failed; the events of it are told by 'error', or lost.
      flush: () => posthog.flush().catch(() => {}),
      shutdown: async (timeout) => posthog.shutdown(timeout),
      told: () => ({ events: undefined, notices: notices() }),
    };
  },
  async segment(origin, isTuned) {
    const { Analytics } = await import('@segment/analytics-node');
    const analytics = new Analytics({
      writeKey: KEY,
      host: `${origin}/segment`,
      ...(isTuned && { flushAt: BATCH }),
    });
    const notices = countOf((notice) => analytics.on('error', notice));
    return {
      track: (n) => analytics.track({ userId: 'u1', event: NAME, properties: propertiesOf(n) }),
      flush: () => analytics.flush(),
      shutdown: async (timeout) => analytics.closeAndFlush({ timeout }),
      // One notice an event.
      told: () => ({ events: notices(), notices: notices() }),
    };
  },
  async otel(origin, isTuned) {
    const { DiagLogLevel, diag } = await import('@opentelemetry/api');
    const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-http');
    const { BatchLogRecordProcessor, LoggerProvider } = await import('@opentelemetry/sdk-logs');
    const notices = countOf((notice) => {
      const silent = (): void => {};
      const logger = { error: notice, warn: notice, info: silent, debug: silent, verbose: silent };
      diag.setLogger(logger, DiagLogLevel.WARN);
    });
    const exporter = new OTLPLogExporter({
      url: `${origin}/otel`,
      ...(isTuned && { compression: 'gzip' as never }),
    });
    const processor = new BatchLogRecordProcessor({
      exporter,
      ...(isTuned && { maxQueueSize: ROOM }),
    });
    const provider = new LoggerProvider({ processors: [processor] });
    const logger = provider.getLogger('bench');
    return {
      track: (n) => logger.emit({ eventName: NAME, attributes: { ...propertiesOf(n) } }),
      flush: () => provider.forceFlush(),
      // It has no time limit of its own.
      shutdown: async (timeout) => {
        const limit = new Promise<void>((resolve) => void setTimeout(resolve, timeout).unref());
        await Promise.race([provider.shutdown().catch(() => {}), limit]);
      },
      told: () => ({ events: undefined, notices: notices() }),
    };
  },
};

function lostOf(stats: TelemetryStats): number {
  const { accepted, delivered, pending, dropped, refused } = stats;
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  if (accepted !== delivered + pending + sum(dropped)) throw new Error('the books do not add up');
  return sum(dropped) + sum(refused);
}

function countOf(listen: (notice: () => void) => void): () => number {
  let count = 0;
  listen(() => {
    count += 1;
  });
  return () => count;
}
