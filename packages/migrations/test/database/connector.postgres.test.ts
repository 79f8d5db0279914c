import { createServer } from 'node:net';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createMigrator, directory, type MigratorOptions } from '../../src/index.ts';
import { useFolder } from '../folder.ts';

const db = useDatabase();
const folder = useFolder();

async function failure(
  connection: MigratorOptions['connection'],
  more: Partial<MigratorOptions> = {},
): Promise<unknown> {
  await folder.write({ '1_a.sql': 'select 1' });
  const made = createMigrator({ connection, sources: [directory(folder.path)], ...more });
  const errors = await Promise.all(
    [made.up(), made.status(), made.assertCurrent()].map((call) =>
      call.catch((error: unknown) => String(error)),
    ),
  );
  expect(new Set(errors).size).toBe(1);
  return errors[0];
}

describe('one line that says where to and why not', () => {
  test('a database that does not exist', async () => {
    const url = new URL(db.url);
    url.pathname = '/nowhere';
    expect(await failure(url.href)).toBe(
      `ConnectionError: Cannot connect to postgres://postgres:***@${url.host}/nowhere: database "nowhere" does not exist`,
    );
  });

  test('a wrong password, which is not shown', async () => {
    const url = new URL(db.url);
    url.password = 'hunter2';
    url.searchParams.set('password', 'hunter2');
    const message = await failure(url.href);
    expect(message).toMatch(/password authentication failed/);
    expect(message).not.toContain('hunter2');
  });

  test('nobody listens, with a name that has two addresses', async () => {
    const message = await failure('postgres://me:secret@localhost:1/app');
    expect(message).toMatch(
      /^ConnectionError: Cannot connect to postgres:\/\/me:\*\*\*@localhost:1\/app: connect ECONNREFUSED/,
    );
    expect(message).not.toContain('\n');
    expect(message).not.toContain('secret');
  });

  test('nobody answers', async () => {
    const sockets: { destroy(): void }[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const message = await failure(`postgres://127.0.0.1:${port}/app`, {
      timeouts: { connect: '50ms' },
    });
    expect(message).toMatch(
      /^ConnectionError: Cannot connect to postgres:\/\/127\.0\.0\.1:\d+\/app: /,
    );
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  test('a pool, a client in place of a pool, and a function that fails', async () => {
    const pool = db.pool({
      database: 'nowhere',
      connectionString: undefined,
      host: '127.0.0.1',
      port: 1,
    });
    expect(await failure(pool)).toMatch(
      /^ConnectionError: Cannot connect to the database of the given pool: connect ECONNREFUSED/,
    );
    expect(await failure(() => Promise.reject(new Error('no\n  luck')))).toBe(
      'ConnectionError: Cannot connect to the database of the given client: no luck',
    );
    const client = new pg.Client({ connectionString: db.url });
    expect(await failure({ connect: async () => undefined as never })).toMatch(
      /pass a pg\.Client as \(\) =>/,
    );
    await client.end();
  });
});
