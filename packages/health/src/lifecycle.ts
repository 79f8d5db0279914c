import { HEALTHY, type Standing } from './status.ts';

/** What the service has said of itself, whatever its checks say. */
export interface Lifecycle {
  /** When readiness was withdrawn, on the monotonic clock. */
  withdrawnAt: number | undefined;
  /** Whether the startup group has passed, once and for all. */
  hasStarted: boolean;
  /** Why nothing but a restart helps: redacted. */
  fatalReason: string | undefined;
}

const SHUTTING_DOWN: Standing = { status: 'fail', code: 'shutting_down' };
const FATAL: Standing = { status: 'fail', code: 'fatal' };

/** Whether what was said to be fatal counts in a group. */
export function isFatalFor({ fatalReason, hasStarted }: Lifecycle, group: string): boolean {
  if (fatalReason === undefined) return false;
  if (group === 'live' || group === 'ready' || group === 'all') return true;
  // While a kubelet waits for startup it does not ask for liveness, so startup has to tell it.
  return group === 'startup' && !hasStarted;
}

/** How a group stands whatever its checks say; `undefined` when they decide. */
export function decreed(lifecycle: Lifecycle, group: string): Standing | undefined {
  if (isFatalFor(lifecycle, group)) return FATAL;
  const isReadiness = group === 'ready' || group === 'all';
  if (isReadiness && lifecycle.withdrawnAt !== undefined) return SHUTTING_DOWN;
  if (group === 'startup' && lifecycle.hasStarted) return HEALTHY;
  return undefined;
}
