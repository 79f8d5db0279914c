/* The handler behind HTTP, over the sink. Tells its address, and its cost when asked. */
import pg from 'pg';
import { createIngestHandler, keys } from '../../src/ingest/index.ts';
import { postgresSink } from '../../src/postgres/index.ts';
import { serve } from '../../test/serve.ts';
import { cpuWith } from '../backends.ts';
import { events, KEY } from '../definitions.ts';
import { jobOf } from '../program.ts';

const SESSIONS = 5;
const { url } = jobOf() as { readonly url: string };
const pool = new pg.Pool({ connectionString: url, max: SESSIONS, idleTimeoutMillis: 0 });
const sink = postgresSink(pool);
const server = await serve(createIngestHandler({ events, sink, auth: keys([KEY]) }));
process.on('message', () => {
  void cpuWith(pool, SESSIONS).then((cpu) => process.send?.(cpu));
});
process.send?.(server.url);
