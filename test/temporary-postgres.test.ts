import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTemporaryPostgres } from './temporary-postgres.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'temporary-postgres-test-'));
  chmodSync(folder, 0o777);
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function listenOn(port: number): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      const address = server.address();
      const taken = typeof address === 'object' && address ? address.port : 0;
      resolve({
        port: taken,
        close: () =>
          new Promise((closed) => {
            server.close(() => {
              closed();
            });
          }),
      });
    });
  });
}

it('starts on another port when somebody took the one it chose', { timeout: 60_000 }, async () => {
  const first = await listenOn(0);
  const second = await listenOn(0);
  await second.close();
  const ports = [first.port, second.port];
  const server = await startTemporaryPostgres({
    choosePort: () => Promise.resolve(ports.shift() ?? 0),
  });
  await first.close();
  expect(new URL(server.url).port).toBe(String(second.port));
  expect(readdirSync(folder)).toHaveLength(1);
  await server.stop();
  expect(readdirSync(folder)).toEqual([]);
});

it('leaves nothing behind when the server cannot start', { timeout: 60_000 }, async () => {
  const starting = startTemporaryPostgres({ settings: { shared_buffers: 'much' } });
  await expect(starting).rejects.toThrow(/PostgreSQL did not start: .*shared_buffers/s);
  expect(existsSync(folder)).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});
