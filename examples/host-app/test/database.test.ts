import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { openPool } from '../database.ts';

/** A port of this machine where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('says in one line which database does not answer and why, without the password', async () => {
  const port = await deadPort();
  const error: unknown = await openPool(
    `postgres://app:s3cret@127.0.0.1:${port}/app?application_name=k3y`,
  ).catch((reason: unknown) => reason);
  expect(String(error)).toBe(
    `Error: Cannot use the database postgres://app:***@127.0.0.1:${port}/app: connect ECONNREFUSED 127.0.0.1:${port}`,
  );
});

it.each([
  [undefined, /DATABASE_URL is not set/],
  ['', /DATABASE_URL is not set/],
  ['app:s3cret', /DATABASE_URL is not a postgres/],
  ['mysql://app:s3cret@127.0.0.1/app', /DATABASE_URL is not a postgres/],
  // An unencoded character in a password ends the host early.
  ['postgres://app:/s3cret@127.0.0.1/app', /DATABASE_URL is not a postgres.*percent-encoded/],
  ['postgres://app:1/s3cret@127.0.0.1/app', /DATABASE_URL is not a postgres.*percent-encoded/],
  ['postgres://app:?s3cret@127.0.0.1/app', /DATABASE_URL is not a postgres.*percent-encoded/],
  ['postgres://app:#s3cret@127.0.0.1/app', /DATABASE_URL is not a postgres.*percent-encoded/],
  ['postgres://app:s3cret@127.0.0.1:99999/app', /DATABASE_URL is not a postgres/],
])('says that DATABASE_URL %s will not do', async (url, message) => {
  const error: unknown = await openPool(url).catch((reason: unknown) => reason);
  expect(String(error)).toMatch(message);
  expect(String(error)).not.toContain('s3cret');
});

it('shows the folder of a socket where nobody listens, and no other parameter', async () => {
  const error: unknown = await openPool(
    'postgres:///app?host=/no-such-folder&user=app&password=s3cret',
  ).catch((reason: unknown) => reason);
  expect(String(error)).toBe(
    'Error: Cannot use the database postgres:///app?host=/no-such-folder: connect ENOENT /no-such-folder/.s.PGSQL.5432',
  );
});
