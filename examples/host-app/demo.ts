// The main job, end to end: node demo.ts [--serve] [--scale N].
// Exit codes: 0 every step passed · 1 a step failed · 2 wrong arguments · 130 interrupted.
import { randomBytes } from 'node:crypto';
import { startTemporaryPostgres } from '../../test/temporary-postgres.ts';
import { openPool } from './database.ts';
import { createCleanupProgress, runCleanup } from './demo/cleanup.ts';
import { loadData } from './demo/data.ts';
import { startDependency, startReceiver } from './demo/doubles.ts';
import { timeIndexes } from './demo/index-timings.ts';
import { type DemoOptions, parseOptions, USAGE } from './demo/options.ts';
import { heading, progress, say, seconds, table } from './demo/output.ts';
import { createRandom } from './demo/random.ts';
import { createReplayClock } from './demo/replay-clock.ts';
import { replayErrors } from './demo/replay-errors.ts';
import { sendEvents } from './demo/send-events.ts';
import { switchDependencies } from './demo/switch-dependencies.ts';
import { createOperations } from './operations.ts';
import { createApp, listen } from './server.ts';

const SEED = 20_260_101;

/** Undone in reverse order at the end, however it comes. */
type Closers = (() => Promise<void>)[];

async function demo(options: DemoOptions, signal: AbortSignal, closers: Closers): Promise<void> {
  let stepCount = 0;
  const step = (title: string): void => {
    signal.throwIfAborted();
    stepCount += 1;
    heading(`${stepCount}. ${title}`);
  };

  step('Start PostgreSQL in a temporary folder');
  const begun = performance.now();
  const server = await startTemporaryPostgres({
    settings: { shared_buffers: '256MB', max_wal_size: '4GB' },
  });
  closers.push(server.stop);
  const pool = await openPool(server.url);
  closers.push(() => pool.end());
  const version = await pool.query<{ server_version: string }>('show server_version');
  say(`PostgreSQL ${version.rows[0]?.server_version}, up in ${seconds(performance.now() - begun)}`);

  const auth = await startDependency();
  closers.push(auth.off);
  const partner = await startDependency();
  closers.push(partner.off);
  const receiver = await startReceiver();
  closers.push(receiver.close);
  const telemetryKey = randomBytes(16).toString('hex');
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const clock = createReplayClock();
  const logged: string[] = [];
  const keep = (fields: object, message: string): void => {
    // Health and alerts write to the same log; the alerts are what a later step looks at.
    if ('notification' in fields) logged.push(message);
  };
  const operations = createOperations({
    pool,
    logger: { info: keep, warn: keep, error: keep },
    authUrl: auth.url,
    partnerUrl: partner.url,
    telemetryKey,
    alertWebhook: { url: receiver.url, secret },
    healthTtl: '100ms',
    cleanupDutyCycle: 1,
    onCleanupEvent: createCleanupProgress(),
    alertClock: clock,
  });
  closers.push(operations.close);

  step('Migrate');
  const first = await operations.migrator.up({ signal });
  const { rows: indexes } = await pool.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index where indexrelid::regclass::text like 'idx_%'`,
  );
  if (indexes.some(({ valid }) => !valid)) throw new Error('an index was left invalid');
  say(
    `${first.applied.length} migrations in ${seconds(first.durationMs)}, ${indexes.length} indexes built concurrently`,
  );
  const second = await operations.migrator.up({ signal });
  if (second.applied.length !== 0) throw new Error('the second up applied something');
  say(`up again: nothing to do, ${seconds(second.durationMs)}`);

  step('Load 400 days of data');
  const loading = performance.now();
  const bar = progress('loading', 'rows');
  const size = { executionCount: 200_000 * options.scale, eventCount: 300_000 * options.scale };
  const data = await loadData(pool, createRandom(SEED), new Date(), size, bar.update, signal);
  bar.end();
  table(['table', 'rows'], Object.entries(data.counts));
  say(`loaded in ${seconds(performance.now() - loading)}, seed ${SEED}`);

  step('Time four endpoint queries without and with the indexes');
  const timingBar = progress('timing', 'pairs');
  const timings = await timeIndexes(pool, data.busiestUserId, timingBar.update, signal);
  timingBar.end();
  table(
    ['query', 'without, ms', 'with, ms', 'times faster'],
    timings.map((timing) => [timing.name, timing.withoutMs, timing.withMs, timing.ratio]),
  );
  say(
    'execution time by EXPLAIN ANALYZE on warm caches, medians of 7 runs in turn on the same rows',
  );

  step('Serve, and send 2,000 events over HTTP');
  const app = await listen(createApp(pool, operations), 0);
  closers.push(app.close);
  await sendEvents({ pool, appUrl: app.url, telemetryKey, userId: data.busiestUserId });

  step('Turn dependencies off and on');
  await switchDependencies({ appUrl: app.url, auth, partner, signal });

  step('Replay a burst of errors');
  await replayErrors({ alerts: operations.alerts, clock, receiver, logged, signal });

  step('Clean up: first the plan, then for real');
  await runCleanup({ pool, cleanup: operations.cleanup, signal });

  heading(`Done in ${seconds(performance.now() - begun)}: all ${stepCount} steps passed`);
  if (options.serve) await serve(app.url, data.busiestUserId, signal);
}

async function serve(url: string, userId: string, signal: AbortSignal): Promise<void> {
  say(`health     ${url}/health  ${url}/livez  ${url}/readyz?verbose  ${url}/startupz`);
  say(`analytics  ${url}/api/analytics/workflows?user=${userId}`);
  say('Ctrl-C ends it');
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}

/** @returns the exit code. */
async function main(): Promise<number> {
  let options: DemoOptions | 'help';
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }

  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const closers: Closers = [];
  let code = 0;
  try {
    await demo(options, interrupted.signal, closers);
  } catch (error) {
    code = interrupted.signal.aborted ? 130 : 1;
    const message = error instanceof Error ? error.message : String(error);
    console.error(code === 130 ? '\nInterrupted' : `\nThis step failed: ${message}`);
  }
  for (const close of closers.toReversed()) {
    await close().catch((error: unknown) => {
      console.error(`Closing failed: ${String(error)}`);
      code ||= 1;
    });
  }
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return code;
}

process.exitCode = await main();
