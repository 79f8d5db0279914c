// node packages/timeout/bench/run.ts: what the layers cost, in one process, in interleaved rounds.
import { cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  ConsecutiveBreaker,
  circuitBreaker as cockatielBreaker,
  retry as cockatielRetry,
  timeout as cockatielTimeout,
  ExponentialBackoff,
  handleAll,
  SamplingBreaker,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import CircuitBreaker from 'opossum';
import pRetry from 'p-retry';
import pTimeout from 'p-timeout';
import {
  bulkhead,
  circuitBreaker,
  deadline,
  fallback,
  hedge,
  type Policy,
  pipeline,
  retry,
  retryBudget,
  timeout,
  withTimeout,
} from '../src/index.ts';
import { gzippedSize } from './sizes.ts';

type Work = () => Promise<unknown>;

// Short rounds: on a busy machine few of them are interrupted, and the median passes those over.
const ROUND_COUNT = 200;
const CALLS_PER_ROUND = 1_000;
const WARM_UP_ROUND_COUNT = 30;

const operation = async (): Promise<number> => 1;
/** Answers in a later turn of the event loop, so that timers and listeners are really needed. */
const later = (): Promise<number> => new Promise((resolve) => setImmediate(resolve, 1));
const breakerOptions = { window: '30s', failureRatio: 0.5, minimum: 10, openFor: '15s' } as const;
const full = pipeline(
  deadline('30s'),
  retry({ retries: 2 }),
  circuitBreaker(breakerOptions),
  timeout('10s'),
);
const documented = pipeline(
  bulkhead({ limit: 20, queue: 50 }),
  deadline('30s'),
  retry({ retries: 2, budget: retryBudget() }),
  circuitBreaker(breakerOptions),
  timeout('10s'),
);
const { signal } = new AbortController();
const cockatiel = wrap(
  cockatielRetry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
  cockatielBreaker(handleAll, {
    halfOpenAfter: 15_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 30_000, minimumRps: 1 }),
  }),
  cockatielTimeout(10_000, TimeoutStrategy.Aggressive),
);
const cockatielConsecutive = cockatielBreaker(handleAll, {
  halfOpenAfter: 15_000,
  breaker: new ConsecutiveBreaker(5),
});
const opossum = new CircuitBreaker(operation, { timeout: 10_000 });
const opossumLater = new CircuitBreaker(later, { timeout: 10_000 });

function lazyTimeout(running: Promise<number>): Promise<number> {
  return pTimeout(running, {
    milliseconds: 5_000,
    fallback: () => {
      throw new Error('late');
    },
  });
}

async function handMadeRace(running: Promise<number>): Promise<number> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('late')), 5_000);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Each runs the same operation in a pipeline of its own. */
function alone(...policies: Policy[]): Work {
  const run = pipeline(...policies);
  return () => run(operation);
}

const readyRows: Readonly<Record<string, Work>> = {
  'bare await': operation,
  'hand-made race with a timer': () => handMadeRace(operation()),
  'p-timeout, lazy error': () => lazyTimeout(operation()),
  'p-retry': () => pRetry(operation, { retries: 2 }),
  withTimeout: () => withTimeout(operation, '5s'),
  'withTimeout, signal in and out': () =>
    withTimeout((context) => (context.signal, operation()), '5s', { signal }),
  'pipeline()': alone(),
  timeout: alone(timeout('10s')),
  deadline: alone(deadline('30s')),
  retry: alone(retry({ retries: 2 })),
  circuitBreaker: alone(circuitBreaker(breakerOptions)),
  bulkhead: alone(bulkhead({ limit: 20 })),
  hedge: alone(hedge({ delay: '5s' })),
  fallback: alone(fallback(() => 0)),
  'deadline + retry + breaker + timeout': () => full(operation),
  '… with a signal in and out': () => full((context) => (context.signal, operation()), { signal }),
  '… with bulkhead and budget': () => documented(operation),
  'cockatiel wrap(retry, breaker, timeout)': () => cockatiel.execute(operation),
  'cockatiel breaker alone': () => cockatielConsecutive.execute(operation),
  'opossum (breaker + timeout)': () => opossum.fire(),
};

const laterRows: Readonly<Record<string, Work>> = {
  'bare await': later,
  'hand-made race with a timer': () => handMadeRace(later()),
  'p-timeout, lazy error': () => lazyTimeout(later()),
  withTimeout: () => withTimeout(later, '5s'),
  'deadline + retry + breaker + timeout': () => full(later),
  'cockatiel wrap(retry, breaker, timeout)': () => cockatiel.execute(later),
  'opossum (breaker + timeout)': () => opossumLater.fire(),
};

async function round(work: Work, callCount: number): Promise<number> {
  const startedNs = process.hrtime.bigint();
  for (let done = 0; done < callCount; done += 1) await work();
  return Number(process.hrtime.bigint() - startedNs) / callCount;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

/** Rounds of all rows by turns, so that a busy moment of the machine falls on all of them. */
async function measure(
  rows: Readonly<Record<string, Work>>,
  callCount: number,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(Object.keys(rows).map((name) => [name, []]));
  for (let index = -WARM_UP_ROUND_COUNT; index < ROUND_COUNT; index += 1) {
    for (const [name, work] of Object.entries(rows)) {
      const ns = await round(work, callCount);
      if (index >= 0) samples.get(name)?.push(ns);
    }
  }
  return samples;
}

/** Bytes left a call after 100,000 calls that share one signal, after as many to warm up. */
async function growth(work: Work): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const settled = async (): Promise<number> => {
    for (let time = 0; time < 6; time += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return process.memoryUsage().heapUsed;
  };
  const count = 100_000;
  for (let done = 0; done < count; done += 1) await work();
  const before = await settled();
  for (let done = 0; done < count; done += 1) await work();
  return ((await settled()) - before) / count;
}

const fixed = (value: number, digits: number): string => value.toFixed(digits);

function print(samples: ReadonlyMap<string, readonly number[]>): void {
  const bare = median(samples.get('bare await') ?? []);
  const pipelineNs = median(samples.get('deadline + retry + breaker + timeout') ?? []);
  console.log('| call | median ns | min ns | × bare await | the pipeline is × faster |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const [name, values] of samples) {
    const ns = median(values);
    const faster = /cockatiel wrap|opossum/.test(name) ? fixed(ns / pipelineNs, 1) : '';
    console.log(
      `| ${name} | ${fixed(ns, 0)} | ${fixed(Math.min(...values), 0)} | ${fixed(ns / bare, 1)} | ${faster} |`,
    );
  }
}

async function main(): Promise<void> {
  const [cpu] = cpus();
  console.log(
    `${cpus().length} × ${cpu?.model.trim()}, Node ${process.version}, cockatiel 4, opossum 10; ` +
      `${ROUND_COUNT} interleaved rounds of ${CALLS_PER_ROUND} calls\n`,
  );
  console.log('The operation has its answer ready:\n');
  print(await measure(readyRows, CALLS_PER_ROUND));
  console.log('\nThe operation answers in a later turn (setImmediate):\n');
  print(await measure(laterRows, CALLS_PER_ROUND / 4));
  console.log('\n| growth over 100,000 calls that share a signal | B a call |\n| --- | ---: |');
  for (const name of ['withTimeout, signal in and out', '… with a signal in and out']) {
    console.log(`| ${name} | ${fixed(await growth(readyRows[name] ?? operation), 2)} |`);
  }
  console.log('\n| import, bundled with its dependencies | min+gzip bytes |\n| --- | ---: |');
  for (const names of [
    'withTimeout',
    'withTimeout, TimeoutError',
    'pipeline, deadline, timeout',
    'pipeline, deadline, timeout, retry',
    'pipeline, deadline, timeout, retry, circuitBreaker',
    '*',
  ]) {
    const clause = names === '*' ? '*' : `{ ${names} }`;
    console.log(`| ${names} | ${await gzippedSize(`export ${clause} from './src/index.ts'`)} |`);
  }
  opossum.shutdown();
  opossumLater.shutdown();
}

await main();
