// The server: node main.ts. Needs DATABASE_URL; see README.md for the rest of the environment.
import { openPool } from './database.ts';
import { configFromEnvironment, serverFromEnvironment } from './environment.ts';
import { createOperations } from './operations.ts';
import { createApp, listen } from './server.ts';

try {
  const { host, port, drainMs } = serverFromEnvironment(process.env);
  const pool = await openPool(process.env['DATABASE_URL']);
  const operations = createOperations({ pool, ...configFromEnvironment(process.env) });
  await operations.migrator.up();
  const server = await listen(createApp(pool, operations), port, host);
  console.log(`listening on ${server.url}`);

  const shutDown = async (): Promise<void> => {
    // Readiness fails first, so that the load balancer looks elsewhere while requests still work.
    server.retire();
    await operations.health.drain({ delay: drainMs });
    await server.close();
    await operations.close();
    await pool.end();
  };
  const stop = (): void => {
    // A second signal, of either kind, ends the process at once.
    process.off('SIGTERM', stop).off('SIGINT', stop);
    shutDown().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
