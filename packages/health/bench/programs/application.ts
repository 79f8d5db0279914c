// An application that answers `select 1` from its pool, and is probed at /readyz beside it.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createTerminus } from '@godaddy/terminus';
import pg from 'pg';
import { createHealth } from '../../src/index.ts';
import { toNodeListener } from '../../src/node/index.ts';
import { postgres } from '../../src/postgres/index.ts';
import type { PoolCheck } from '../contestants.ts';
import { listen } from './on-port.ts';
import { serveAsking } from './serve.ts';

const POOL_SIZE = 10;

const [url = '', settings = '{}'] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, idleTimeoutMillis: 0 });
// All connections are there before anything is measured.
const clients = await Promise.all(Array.from({ length: POOL_SIZE }, () => pool.connect()));
for (const client of clients) client.release();

const answerOk: RequestListener = (_request, response) => {
  response.end('ok');
};
const application: RequestListener = (_request, response) => {
  pool.query('select 1').then(
    () => response.end('done'),
    () => response.writeHead(500).end(),
  );
};
/** What `answerProbe` does not answer is the application's. */
const behind = (answerProbe: RequestListener): Server =>
  createServer((request, response) => {
    (request.url === '/readyz' ? answerProbe : application)(request, response);
  });

const servers: Readonly<Record<PoolCheck, (ask: () => Promise<void>) => Server>> = {
  none: () => behind(answerOk),
  ping: () => behind(toNodeListener(createHealth({ checks: { database: postgres.ping(pool) } }))),
  sleep: (ask) => behind(toNodeListener(createHealth({ checks: { database: ask } }))),
  terminus: (ask) =>
    createTerminus(createServer(application), { healthChecks: { '/readyz': () => ask() } }),
};

await serveAsking(
  () => pool.query('select pg_sleep(2)'),
  settings,
  ({ ask, settings: { check = 'none' } }) => listen(servers[check](ask)),
);
