// An ingest server in a process of its own: prints its address, and serves until it is killed.
// node ingest-server.ts <connection string> <schema>
import pg from 'pg';
import * as z from 'zod';
import { defineEvents } from '../../../src/index.ts';
import { createIngestHandler, keys } from '../../../src/ingest/index.ts';
import { postgresSink } from '../../../src/postgres/index.ts';
import { serve } from '../../serve.ts';

const [connectionString, schema] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: 4 });
pool.on('error', () => {});
const server = await serve(
  createIngestHandler({
    events: defineEvents({ ping: z.object({ n: z.number() }) }),
    sink: postgresSink(pool, { schema }),
    auth: keys(['write-key']),
  }),
);
process.stdout.write(`${server.url}\n`);
