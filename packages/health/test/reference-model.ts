import type { OutcomeCode, Status } from '../src/status.ts';

/** What one attempt does, and how long it takes. */
export interface Behaviour {
  /** `Infinity`: it never settles by itself. */
  readonly durationMs: number;
  readonly ending: 'pass' | 'warn' | 'throw' | 'reject-string' | 'garbage';
  /** Whether it ends when its signal is aborted. */
  readonly heedsSignal: boolean;
}

/** The policy of the one check that is modelled, in milliseconds. */
export interface ModelPolicy {
  readonly timeoutMs: number;
  readonly ttlMs: number;
  readonly maxStaleMs: number;
  readonly everyMs: number | undefined;
  readonly initialDelayMs: number;
  readonly failAfter: number;
  readonly passAfter: number;
  readonly critical: boolean;
}

const ENDINGS: Readonly<Record<Behaviour['ending'], readonly [Status, OutcomeCode]>> = {
  pass: ['pass', 'ok'],
  warn: ['warn', 'threshold'],
  throw: ['fail', 'error'],
  'reject-string': ['fail', 'error'],
  garbage: ['fail', 'invalid_result'],
};

interface Attempt {
  readonly startedAt: number;
  readonly behaviour: Behaviour;
  /** When the check itself comes to an end. */
  readonly settlesAt: number;
  isOverdue: boolean;
}

/**
 * The rules of one check, played through by hand: no timers, no promises, one time after another.
 * Written from the rules, not from the engine, and slower and simpler than it.
 */
export class ReferenceModel {
  readonly startedAt: number[] = [];
  private nowMs = 0;
  private attempt: Attempt | undefined;
  private result:
    | { raw: Status; shown: Status; code: OutcomeCode; at: number; attemptAt: number }
    | undefined;
  private fails = 0;
  private others = 0;
  private isDown = false;
  private nextTickAt: number | undefined;
  private readonly policy: ModelPolicy;
  private readonly behaviours: readonly Behaviour[];

  constructor(policy: ModelPolicy, behaviours: readonly Behaviour[]) {
    this.policy = policy;
    this.behaviours = behaviours;
  }

  /** Somebody looks for the first time, or again. */
  look(): void {
    if (this.policy.everyMs === undefined || this.nextTickAt !== undefined) return;
    this.nextTickAt = this.nowMs + this.policy.initialDelayMs;
    this.advance(0);
  }

  /** A probe comes; whether it has to wait. */
  probe(): boolean {
    this.look();
    if (this.policy.everyMs === undefined) this.due();
    if (this.attempt === undefined || this.attempt.isOverdue) return false;
    if (this.attempt.settlesAt <= this.nowMs) return false;
    return this.result === undefined || (this.policy.everyMs === undefined && this.isStale());
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const at = Math.min(
        this.attempt?.settlesAt ?? Infinity,
        this.attempt && !this.attempt.isOverdue
          ? this.attempt.startedAt + this.policy.timeoutMs
          : Infinity,
        this.nextTickAt ?? Infinity,
      );
      if (at > endMs) break;
      this.nowMs = at;
      this.happen();
    }
    this.nowMs = endMs;
  }

  private happen(): void {
    const { policy, attempt, nowMs } = this;
    if (attempt && !attempt.isOverdue && nowMs >= attempt.startedAt + policy.timeoutMs) {
      attempt.isOverdue = true;
      this.record('fail', 'timeout', true);
    } else if (attempt && nowMs >= attempt.settlesAt) {
      this.attempt = undefined;
      if (!attempt.isOverdue) this.record(...ENDINGS[attempt.behaviour.ending], true);
    } else if (this.nextTickAt !== undefined && nowMs >= this.nextTickAt) {
      this.nextTickAt += policy.everyMs ?? 0;
      if (attempt === undefined) this.begin();
      else if (attempt.isOverdue) this.record('fail', 'timeout', false);
    }
  }

  /** Without a schedule: somebody asked. */
  private due(): void {
    const { ttlMs } = this.policy;
    if (this.attempt?.isOverdue === true) {
      if (this.nowMs - (this.result?.at ?? 0) >= ttlMs) this.record('fail', 'timeout', false);
    } else if (this.attempt === undefined) {
      if (this.result === undefined || this.nowMs - this.result.attemptAt >= ttlMs) this.begin();
    }
  }

  private begin(): void {
    const behaviour = this.behaviours[this.startedAt.length % this.behaviours.length] as Behaviour;
    this.startedAt.push(this.nowMs);
    const { durationMs, heedsSignal } = behaviour;
    const longestMs = heedsSignal ? this.policy.timeoutMs : Infinity;
    const settlesAt = this.nowMs + Math.min(durationMs, longestMs);
    this.attempt = { startedAt: this.nowMs, behaviour, settlesAt, isOverdue: false };
    this.advance(0);
  }

  private record(raw: Status, code: OutcomeCode, isFirst: boolean): void {
    const isFail = raw === 'fail';
    this.fails = isFail ? this.fails + 1 : 0;
    this.others = isFail ? 0 : this.others + 1;
    if (this.result === undefined) this.isDown = isFail;
    if (this.fails >= this.policy.failAfter) this.isDown = true;
    if (this.others >= this.policy.passAfter) this.isDown = false;
    let shown: Status = this.isDown === isFail ? raw : 'warn';
    if (shown === 'fail' && !this.policy.critical) shown = 'warn';
    const attemptAt = isFirst ? this.nowMs : (this.result?.attemptAt ?? 0);
    this.result = { raw, shown, code, at: this.nowMs, attemptAt };
  }

  private isStale(): boolean {
    if (this.result === undefined || this.attempt?.isOverdue === true) return false;
    return this.nowMs - this.result.at > this.policy.maxStaleMs;
  }

  /** What a report has to say now. */
  expected(): object {
    const isStale = this.isStale();
    const failure = this.policy.critical ? 'fail' : 'warn';
    const { raw, shown, code } = this.result ?? { raw: 'fail', shown: failure, code: 'not_run' };
    return {
      raw: isStale ? 'fail' : raw,
      status: isStale ? failure : shown,
      code: isStale ? 'stale' : code,
      stale: isStale,
      running: this.attempt !== undefined,
      consecutiveFailures: this.fails,
      consecutivePasses: this.others,
    };
  }
}
