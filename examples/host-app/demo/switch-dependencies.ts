import type { Dependency } from './doubles.ts';
import { table } from './output.ts';

/** How long a change may take to show: the checks' cache time and limit together are about 1 s. */
const PATIENCE_MS = 10_000;

/** Shows what a probe sees while a dependency is away: warn for a partner, fail for the login. */
export async function switchDependencies(on: {
  readonly appUrl: string;
  readonly auth: Dependency;
  readonly partner: Dependency;
  readonly signal: AbortSignal;
}): Promise<void> {
  const rows: (string | number)[][] = [];
  const expectStatus = async (event: string, status: string, health: number): Promise<void> => {
    await waitForStatus(on.appUrl, status, on.signal);
    const response = await fetch(`${on.appUrl}/health`);
    await response.body?.cancel();
    const ready = await fetch(`${on.appUrl}/readyz`);
    await ready.body?.cancel();
    if (response.status !== health) {
      throw new Error(`/health answered ${response.status} with status ${status}`);
    }
    rows.push([event, status, String(response.status), String(ready.status)]);
  };
  await expectStatus('all up', 'pass', 200);
  await on.partner.off();
  await expectStatus('partner off', 'warn', 200);
  await on.auth.off();
  await expectStatus('auth service off too', 'fail', 503);
  await on.auth.on();
  await expectStatus('auth service on', 'warn', 200);
  await on.partner.on();
  await expectStatus('partner on', 'pass', 200);
  table(['dependency', 'status', '/health', '/readyz'], rows);
}

async function waitForStatus(appUrl: string, wanted: string, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const response = await fetch(`${appUrl}/health`);
    const { status } = (await response.json()) as { status: string };
    if (status === wanted) return;
    if (performance.now() - begun > PATIENCE_MS) {
      throw new Error(`health is ${status} after ${PATIENCE_MS} ms, expected ${wanted}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
