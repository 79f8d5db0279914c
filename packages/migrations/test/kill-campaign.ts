/**
 * Kills `up` at random points and checks that nothing of it shows in the end. Arguments: how many
 * kills (default 100), the seed (default random). Exits with 1 when something differs.
 *
 * node packages/migrations/test/kill-campaign.ts 100
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTemporaryPostgres } from '../../../test/temporary-postgres.ts';
import { runCampaign } from './campaign.ts';

const kills = Number(process.argv[2] ?? 100);
const seed = Number(process.argv[3] ?? randomInt(2 ** 31));
const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

log(`${kills} kills, seed ${seed}`);
const folder = await mkdtemp(join(tmpdir(), 'ops-kill-'));
const server = await startTemporaryPostgres();
try {
  const report = await runCampaign({ url: server.url, folder, kills, seed, log });
  const places = Object.entries(report.killedIn).map(([kind, count]) => `${kind} ${count}`);
  log(`${report.kills} killed in ${report.rounds} rounds, while running: ${places.join(', ')}`);
  for (const fault of report.faults) log(fault);
  log(report.faults.length === 0 ? 'all as after an undisturbed run' : `FAILED, seed ${seed}`);
  process.exitCode = report.faults.length === 0 ? 0 : 1;
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}
