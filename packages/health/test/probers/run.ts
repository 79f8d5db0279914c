/**
 * Lets programs that are not ours look at a service of this package: it is healthy, fails, is healthy
 * again and drains. Arguments: `NAME=PATH` of each prober that is there. `.ci/with-probers.sh`
 * calls it. Ends with 1 when one of them does not see what it should.
 */
import assert from 'node:assert/strict';
import { checkHttp } from './check-http.ts';
import { startHaproxy } from './haproxy.ts';
import { promtool } from './promtool.ts';
import { type Service, type State, startService } from './service.ts';

const STATES: readonly State[] = ['healthy', 'failing', 'healthy', 'draining'];

interface Prober {
  /** Throws when what it sees in this state is not right; says what it saw. */
  look(state: State): Promise<string>;
  stop?(): Promise<void>;
}

const PROBERS: Readonly<
  Record<string, (binary: string, port: number) => Prober | Promise<Prober>>
> = {
  haproxy: startHaproxy,
  check_http: (binary, port) => ({ look: (state) => checkHttp(binary, port, state) }),
  promtool: (binary, port) => ({ look: () => promtool(binary, port) }),
};

for (const argument of process.argv.slice(2)) {
  const [name = '', binary = ''] = argument.split('=', 2);
  const service = await startService();
  try {
    console.log(`ran: ${name}`);
    await lookWith(name, binary, service);
  } finally {
    await service.stop();
  }
}

async function lookWith(name: string, binary: string, service: Service): Promise<void> {
  const start = PROBERS[name];
  assert.ok(start, `there is no prober ${name}`);
  const prober = await start(binary, service.port);
  try {
    for (const state of STATES) {
      await service.become(state);
      console.log(`  ${state.padEnd(8)}  ${await prober.look(state)}`);
    }
  } finally {
    await prober.stop?.();
  }
}
