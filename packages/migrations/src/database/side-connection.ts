import { withTimeout } from '@ops/timeout/check';
import type { Settings } from '../options.ts';
import { type Connector, type OpenClient, openClient } from './connector.ts';
import type { Query, Rows } from './session.ts';

/** A second connection, for looking at and cancelling what the first one does. */
export interface SideConnection {
  /** Connects at the first call. Rejects when no second connection is to be had, or after 5 s. */
  readonly query: Query;
  close(): Promise<void>;
}

/** A pool that has none free within this time counts as having none. */
const CONNECT_MS = 1_000;
const QUERY_MS = 5_000;

export function createSideConnection(
  connector: Connector,
  { clock }: Pick<Settings, 'clock'>,
): SideConnection {
  let opening: Promise<OpenClient> | undefined;
  let isBroken = false;
  return {
    async query<Row>(text: string, values?: unknown[]): Promise<Rows<Row>> {
      if (!connector.hasSecond) throw new Error('There is no second connection');
      opening ??= openClient(connector, { connectTimeoutMs: CONNECT_MS, clock });
      const { client } = await opening;
      try {
        const result = await withTimeout(() => client.query(text, values), QUERY_MS, { clock });
        return result as Rows<Row>;
      } catch (error) {
        isBroken = true;
        throw error;
      }
    },
    async close() {
      const open = await opening?.catch(() => undefined);
      await open?.close(isBroken);
    },
  };
}
