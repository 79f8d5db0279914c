import pg from 'pg';
import type { SqlClient } from '../../src/index.ts';

/** A connection that keeps what is sent over it. */
export interface Recorded {
  /** In order; each is one round trip. */
  readonly sent: string[];
  connect(): Promise<SqlClient>;
}

/** For the option `connection`. */
export function recordedClient(connectionString: string): Recorded {
  const sent: string[] = [];
  return {
    sent,
    async connect() {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return {
        async query(text, values) {
          sent.push(text);
          return client.query(text, values);
        },
        end: () => client.end(),
        on: (event, listener) => client.on(event, listener),
        off: (event, listener) => client.off(event, listener),
      };
    },
  };
}
