import { type CheckConnection, createCheckConnection } from './check-connection.ts';
import type { PostgresClient, PostgresPool } from './postgres-pool.ts';

interface Shared {
  readonly connection: CheckConnection;
  holderCount: number;
}

const connections = new WeakMap<object, Shared>();

/** A check's part in the connection of its pool. */
export interface ConnectionShare extends CheckConnection {
  /** Whether other checks use it now, so that it stays open when this one is closed. */
  isShared(): boolean;
}

/**
 * The one connection of all checks of a pool, `ping` apart: its answer must not wait for that of a
 * check that takes longer. It is made when the first of them needs it, and closed when the last of
 * those that used it is closed.
 */
export function shareConnection(
  pool: PostgresPool,
  makeClient: () => PostgresClient,
): ConnectionShare {
  let held: Shared | undefined;
  let isClosed = false;

  function hold(): Shared {
    if (isClosed) throw new Error('The check was closed');
    const found = connections.get(pool);
    const shared = found ?? { connection: createCheckConnection(makeClient), holderCount: 0 };
    if (found === undefined) connections.set(pool, shared);
    shared.holderCount += 1;
    return shared;
  }

  return {
    isShared: () => (held?.holderCount ?? 0) > 1,
    read: async (limits, work) => {
      held ??= hold();
      return held.connection.read(limits, work);
    },
    close: async () => {
      isClosed = true;
      const released = held;
      held = undefined;
      if (released === undefined) return;
      released.holderCount -= 1;
      if (released.holderCount > 0) return;
      connections.delete(pool);
      await released.connection.close();
    },
  };
}
