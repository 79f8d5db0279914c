import { afterEach, describe, expect, it } from 'vitest';
import {
  type Bouncer,
  pgbouncer,
  startPgbouncer,
} from '../../../migrations/test/database/pgbouncer.ts';
import { ensureTables } from '../../src/postgres/index.ts';
import type { StoreSession } from '../../src/store.ts';
import { change, claim, delivered, message, read, unit } from '../store-contract.ts';
import { useAlertsDatabase } from './setup.ts';

const { db, open } = useAlertsDatabase();
const started: Bouncer[] = [];
afterEach(async () => {
  for (const bouncer of started.splice(0)) await bouncer[Symbol.asyncDispose]();
});

describe.skipIf(pgbouncer === undefined)(
  'a real PgBouncer in transaction mode (skipped where none is installed)',
  () => {
    it('serves 6 racing replicas with 2 connections, and no setting leaks', async () => {
      const bouncer = await startPgbouncer(db.url, 'transaction', 2);
      started.push(bouncer);
      const pool = () => db.pool({ connectionString: bouncer.url, options: undefined, max: 2 });
      await ensureTables(pool(), { schema: `${db.schema}_new` });
      const sessions = Array.from({ length: 6 }, () => open({ pool: pool() }));
      for (let version = 0; version < 10; version += 1) {
        const answers = await Promise.all(
          sessions.map((session, at) =>
            session.commit([
              unit({
                documents: [change('s:a', version)],
                messages: [message(`${version}@${at}`)],
              }),
            ]),
          ),
        );
        expect(answers.filter(({ isApplied }) => isApplied[0] === true)).toHaveLength(1);
      }
      const claims = await Promise.all(sessions.map((session) => claim(session)));
      const held = claims.filter((one) => one !== undefined);
      expect(held).toHaveLength(1);
      const [session] = sessions as [StoreSession];
      for (const one of held)
        expect(await session.settle(delivered(one))).toEqual({ isHeld: true });
      expect((await read(session, ['s:a'])).documents).toMatchObject([{ version: 10 }]);
      const direct = pool();
      for (let round = 0; round < 4; round += 1) {
        const { rows } = await direct.query('show lock_timeout');
        expect(rows).toEqual([{ lock_timeout: '0' }]);
      }
      await direct.query(`drop schema ${db.schema}_new cascade`);
      // The pool in front is stopped after its clients, as it would be.
      await Promise.all(sessions.map((one) => one.close()));
    });
  },
);
