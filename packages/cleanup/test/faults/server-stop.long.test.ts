import { expect, inject, test } from 'vitest';
import { runCampaign } from './campaign.ts';
import type { FaultName } from './faults.ts';
import { chosenSeed } from './random.ts';
import { startStoppableServer } from './stoppable-server.ts';

const STOPS = 10;

test.each(['table', 'files', 'delete'] as const)(
  'the server stopped immediately ten times, mode %s: no row is lost, doubled or miscounted',
  { timeout: 300_000 },
  async (mode) => {
    const seed = chosenSeed();
    await using server = await startStoppableServer(inject('postgresUrl'));
    const others = Array.from({ length: STOPS }, (): FaultName => 'server stopped');
    const { url } = server;
    const report = await runCampaign({ url, server, mode, seed, kills: 2, others });
    expect({ seed, wrong: report.wrong }).toEqual({ seed, wrong: [] });
    expect(report.made).toMatchObject({ 'server stopped': STOPS });
    expect(report.deleted).toBeGreaterThan(STOPS);
  },
);
