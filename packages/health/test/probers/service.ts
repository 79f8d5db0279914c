import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHealth } from '../../src/index.ts';
import { toNodeListener } from '../../src/node/index.ts';

/** What a prober may find a service in. */
export type State = 'healthy' | 'failing' | 'draining';

/** A service of this package that listens on a free port. */
export interface Service {
  readonly port: number;
  /** From `draining` there is no way back. */
  become(state: State): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(): Promise<Service> {
  let isBroken = false;
  const health = createHealth({
    service: { id: 'probed' },
    checks: {
      database: () => {
        if (isBroken) throw Object.assign(new Error('broken'), { code: 'ECONNREFUSED' });
      },
      shop: { run: () => ({ status: 'warn', value: 0.9, unit: 's' }), critical: false },
      loop: () => {},
    },
    groups: { live: ['loop'], ready: ['database', 'shop'] },
    // Every probe sees the present state.
    defaults: { ttl: 1 },
  });
  const server = createServer(toNodeListener(health));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async become(state) {
      isBroken = state === 'failing';
      if (state === 'draining') await health.drain({ delay: 1 });
      await health.check('ready');
    },
    async stop() {
      await health.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
