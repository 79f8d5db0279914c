// The server: node main.ts. Needs DATABASE_URL; see README.md for the rest of the environment.
import { openPool } from './database.ts';
import { configFromEnvironment } from './environment.ts';
import { createOperations } from './operations.ts';
import { createApp, listen } from './server.ts';

try {
  const pool = await openPool(process.env['DATABASE_URL']);
  const operations = createOperations({ pool, ...configFromEnvironment(process.env) });
  await operations.migrator.up();
  const server = await listen(
    createApp(pool, operations),
    Number(process.env['PORT'] ?? 3000),
    process.env['HOST'] ?? '127.0.0.1',
  );
  console.log(`listening on ${server.url}`);

  const stop = async (): Promise<void> => {
    // Readiness fails first, so that the load balancer looks elsewhere while requests still work.
    await operations.health.drain({ delay: process.env['DRAIN_DELAY'] === '0' ? 0 : '5s' });
    await server.close();
    await operations.close();
    await pool.end();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop().catch((error: unknown) => {
        console.error(error);
        process.exitCode = 1;
      });
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
