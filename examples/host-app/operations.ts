import { type Alerts, createAlerts, spike } from '@ops/alerts';
import { log, webhook } from '@ops/alerts/channels';
import { type Cleanup, type CleanupEvent, cleanupTables, createCleanup, sql } from '@ops/cleanup';
import { createHealth, type Health } from '@ops/health';
import { http } from '@ops/health/checks';
import { postgres } from '@ops/health/postgres';
import { createMigrator, directory, type Migrator, pack } from '@ops/migrations';
import { performanceIndexes } from '@ops/migrations/performance-indexes';
import { createIngestHandler, keys } from '@ops/telemetry/ingest';
import { postgresSink } from '@ops/telemetry/postgres';
import type { Clock, Duration } from '@ops/timeout';
import type pg from 'pg';
import { events } from './events.ts';
import { createIntegrations, type Integrations, type IntegrationsConfig } from './integrations.ts';

/** What differs from one deployment to the next. */
export interface OperationsConfig {
  readonly pool: pg.Pool;
  /** Where the application's tables are, for the indexes that come in a pack. @default 'public' */
  readonly schema?: string | undefined;
  readonly logger: Logger;
  /** Health address of the auth service; without it nobody can log in. */
  readonly authUrl: string;
  /** Health address of a partner; without it some workflows fail. */
  readonly partnerUrl: string;
  readonly telemetryKey: string;
  /** Where alerts go, and the secret (`whsec_…`) that signs them. */
  readonly alertWebhook: { readonly url: string; readonly secret: string };
  readonly integrations?: IntegrationsConfig | undefined;
  readonly healthTtl?: Duration | undefined;
  /** Share of the time that cleanup may work; the rest belongs to the application. */
  readonly cleanupDutyCycle?: number | undefined;
  readonly onCleanupEvent?: ((event: CleanupEvent) => void) | undefined;
  readonly alertClock?: Clock | undefined;
}

/** The shape that pino has, and the adapter in `logger.ts`. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The operations layer of the service, wired. */
export interface Operations {
  readonly migrator: Migrator;
  readonly health: Health;
  readonly alerts: Alerts;
  readonly cleanup: Cleanup;
  /** Takes events from browsers and servers. */
  readonly ingest: (request: Request) => Promise<Response>;
  /** Calls to partners: none can hang, and failures count towards the alert. */
  readonly integrations: Integrations;
  close(): Promise<void>;
}

/** The one place where the six packages meet. */
export function createOperations(config: OperationsConfig): Operations {
  const { pool, logger } = config;

  const migrator = createMigrator({
    connection: pool,
    sources: [
      directory(new URL('./migrations', import.meta.url)),
      pack(performanceIndexes, { schema: config.schema }),
      pack(cleanupTables),
    ],
    history: { schema: 'ops' },
  });

  const alerts = createAlerts({
    service: 'workflows',
    environment: process.env['NODE_ENV'] ?? 'development',
    channels: { ops: webhook(config.alertWebhook), log: log(logger) },
    rules: {
      errorSpike: spike({
        over: 100,
        within: '1h',
        clearBelow: 80,
        keepFiringFor: '15m',
        severity: { medium: 100, high: 200, critical: 500 },
      }),
    },
    routes: [{ match: { rule: 'errorSpike' }, to: ['ops', 'log'], repeat: '6h' }],
    clock: config.alertClock,
  });

  const integrations = createIntegrations(config.integrations ?? {}, (error, integration) => {
    alerts.error(error, { integration });
  });

  const ingest = createIngestHandler({
    events,
    sink: postgresSink(pool, { table: 'app_events' }),
    auth: keys([config.telemetryKey]),
  });

  const health = createHealth({
    service: { id: 'workflows', version: '1' },
    defaults: { timeout: '1s', ttl: config.healthTtl ?? '5s' },
    checks: {
      database: postgres.ping(pool),
      auth: http({ url: config.authUrl }),
      partner: http({ url: config.partnerUrl, critical: false }),
      schema: () => migrator.assertCurrent(),
    },
    groups: { live: [], ready: ['database', 'auth'], startup: ['schema'] },
    onEvent: (event) => logger.info({ event }, 'health changed'),
  });

  const cleanup = createCleanup({
    pool,
    policies: {
      executions: {
        table: 'workflow_executions',
        olderThan: { column: 'started_at', age: '90d' },
        where: sql`status in ('completed', 'failed')`,
        safety: { maxShare: 0.5 },
      },
      telemetry: { table: 'app_events', olderThan: { column: 'created_at', age: '30d' } },
    },
    pace: { targetMs: 50, dutyCycle: config.cleanupDutyCycle ?? 0.25, maxBatch: 10_000 },
    onEvent: config.onCleanupEvent,
  });

  return {
    migrator,
    health,
    alerts,
    cleanup,
    ingest,
    integrations,
    async close() {
      await health.stop();
      await alerts.close({ drain: '5s' });
    },
  };
}
