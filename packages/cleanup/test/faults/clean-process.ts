/*
 * A cleanup, to be killed. The argument is a CleanOrder as JSON; prints a line of JSON when the policy
 * begins, before it stops itself, and the report. Kills or stops itself at a statement when told to.
 */
import { type Clock, systemClock } from '@ops/timeout';
import pg from 'pg';
import type { CleanupPool } from '../../src/index.ts';
import { createJobsCleanup, type JobsCleanupOptions } from './jobs-cleanup.ts';

export interface CleanOrder extends JobsCleanupOptions {
  readonly url: string;
  /** `application_name` of its sessions. */
  readonly session: string;
  /** The clock of this process is wrong by so much, and jumps by as much again and back meanwhile. */
  readonly skewMs: number;
  /** Signals itself. */
  readonly signal?: SelfSignal | undefined;
}

/** At a statement: before it is sent, or as soon as it is. */
export interface SelfSignal {
  readonly name: 'SIGKILL' | 'SIGSTOP';
  /** Where counting begins. `batch`: after the first, and only what begins a transaction counts. */
  readonly from: 'start' | 'policy' | 'batch';
  readonly statement: number;
  readonly isSent: boolean;
}

/** What the process prints last. */
export interface CleanReport {
  readonly type: 'report';
  readonly runId: string | undefined;
  readonly stopped: string;
  readonly deleted: number;
  readonly archived: number;
  readonly unconfirmed: number;
  readonly why: string;
}

/** A line of its output. */
export type CleanLine = { readonly type: 'begun' | 'signalling' } | CleanReport;

const order = JSON.parse(process.argv[2] ?? '') as CleanOrder;
// Written when it returns: to a pipe, standard output is synchronous.
const say = (line: CleanLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const pool = new pg.Pool({
  connectionString: order.url,
  max: 2,
  application_name: order.session,
});
pool.on('error', () => {});

let statementCount = 0;
let reached: readonly SelfSignal['from'][] = ['start'];

/** Counts a statement that is about to be sent; true when it is the one. */
function isTheOne({ from, statement }: SelfSignal, text: string): boolean {
  if (!reached.includes(from) || (from === 'batch' && !text.startsWith('begin'))) return false;
  statementCount += 1;
  return statementCount === statement;
}

function signalSelf({ name }: SelfSignal): void {
  say({ type: 'signalling' });
  process.kill(process.pid, name);
}

/** The pool, on which the process dies or stops in the middle of a statement. */
const deadly: CleanupPool = {
  async connect() {
    const client = await pool.connect();
    return {
      query(text, values) {
        const { signal } = order;
        const isIt = signal !== undefined && isTheOne(signal, text);
        if (isIt && !signal.isSent) signalSelf(signal);
        const answer = values ? client.query(text, values) : client.query(text);
        if (isIt && signal.isSent) signalSelf(signal);
        return answer;
      },
      release: (destroy) => client.release(destroy),
      on: (event, listener) => client.on(event, listener),
      removeListener: (event, listener) => client.removeListener(event, listener),
    };
  },
};

/** Every other time it is asked, somebody has just set the clock. */
function jumpingClock(skewMs: number): Clock {
  const realNow = Date.now;
  let times = 0;
  Date.now = () => {
    times += 1;
    return realNow() + skewMs * (times % 2 === 0 ? 1 : 2);
  };
  return { ...systemClock, now: () => Date.now() };
}

const cleanup = createJobsCleanup(deadly, order, {
  clock: jumpingClock(order.skewMs),
  onEvent(event) {
    if (event.type === 'batch') reached = ['start', 'policy', 'batch'];
    if (event.type !== 'policy-started') return;
    reached = ['start', 'policy'];
    say({ type: 'begun' });
  },
});
const { runId, policies } = await cleanup.run();
const { stopped, deleted, archived, unconfirmed, error, refusals } = policies.jobs;
say({
  type: 'report',
  runId,
  stopped,
  deleted,
  archived,
  unconfirmed,
  why: [error?.message, ...refusals.map(({ message }) => message)].filter(Boolean).join('; '),
});
// A pool whose connections were cut ends at once.
await pool.end();
