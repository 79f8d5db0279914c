import { randomUUID } from 'node:crypto';
import { systemClock } from '@ops/timeout';
import { beforeEach } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables, postgresStore } from '../../src/postgres/index.ts';
import { describeStore } from '../store-contract.ts';

const db = useDatabase();
// Made once; a scope for each test keeps them apart.
const schema = 'alerts "of" $1 {{schema}}\'s';
const quoted = `"${schema.replaceAll('"', '""')}"`;
let ours = '';
beforeEach(async () => {
  ours = randomUUID();
  await ensureTables(db.pool(), { schema });
});

describeStore('postgres', () => ({
  open(scope = 'billing/test') {
    const store = postgresStore(db.pool({ max: 2 }), { schema });
    return store.open({ scope: `${ours} ${scope}`, clock: systemClock });
  },
  // The server's clock cannot be moved: what is stored moves back instead.
  async pass(ms) {
    const back = `- ${ms} * interval '1 millisecond'`;
    await db.pool().query(
      `update ${quoted}.ops_alerts_channels
       set leased_until = leased_until ${back},
         rate_at = rate_at ${back},
         paused_until = paused_until ${back}`,
    );
    await db.pool().query(`update ${quoted}.ops_alerts_messages set next_at = next_at ${back}`);
  },
}));
