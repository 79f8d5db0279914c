import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import type { Status } from '../status.ts';
import { judge } from '../thresholds.ts';
import { inBytes, inTime, levelOf, MOST_FINDINGS, measured, worst } from './catalog-check.ts';
import type { Read } from './check-connection.ts';
import type { ReplicationLimits } from './replication.ts';

interface Standby {
  readonly name: string;
  readonly isHidden: boolean;
  readonly state: string;
  readonly behindBytes: number;
  readonly lagMs: number | null;
}

/** A base backup is sent by the same means, and is no standby. */
const SELECT_STANDBYS = `
  select coalesce(nullif(application_name, ''), 'process ' || pid) as name,
    state is null as "isHidden", state,
    greatest(0, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)) as "behindBytes",
    extract(epoch from replay_lag) * 1000 as "lagMs"
  from pg_stat_replication
  where state is null or state in ('startup', 'catchup', 'streaming')
  order by replay_lsn nulls last
  limit $1::integer`;

export async function inspectPrimary(read: Read, limits: ReplicationLimits): Promise<Measurement> {
  const found = await read.rows<Standby>(SELECT_STANDBYS, [MOST_FINDINGS]);
  const standbys = found.filter(({ isHidden }) => !isHidden);
  const hiddenCount = found.length - standbys.length;
  const judged = standbys.map((standby) => ({ standby, status: statusOf(standby, limits) }));
  const streamingCount = standbys.filter(({ state }) => state === 'streaming').length;
  const isShort = hiddenCount === 0 && streamingCount < limits.standbys;
  const mostBytes = Math.max(0, ...standbys.map(({ behindBytes }) => behindBytes));
  return measured(
    {
      status: worst([isShort ? 'fail' : 'pass', ...judged.map(({ status }) => status)]),
      value: mostBytes,
      unit: 'bytes',
      message:
        standbys.length === 0
          ? 'no standby is connected'
          : `${streamingCount} standbys are streaming; the last is ${inBytes(mostBytes)} behind`,
      findings: [
        ...(isShort ? [missing(streamingCount, limits.standbys)] : []),
        ...judged.flatMap(({ standby, status }) =>
          status === 'pass' ? [] : [findingOf(standby, status)],
        ),
      ],
    },
    { count: hiddenCount, what: 'standbys cannot be seen: grant pg_read_all_stats' },
  );
}

/** One that catches up is far behind for a good reason; only that it is not there yet counts. */
function statusOf(
  { state, behindBytes, lagMs }: Standby,
  { warnMs, failMs, bytes, maxBytes }: ReplicationLimits,
): Status {
  if (state !== 'streaming') return 'warn';
  return worst([
    behindBytes >= bytes ? judge(lagMs ?? 0, { warn: warnMs, fail: failMs }) : 'pass',
    behindBytes >= maxBytes ? 'fail' : 'pass',
  ]);
}

function missing(streaming: number, expected: number): Finding {
  return {
    name: 'standby_missing',
    level: 'error',
    detail: `${streaming} standbys are streaming, ${expected} are expected`,
    remediation: 'See whether the standbys run and can reach this server',
  };
}

function findingOf({ name, state, behindBytes, lagMs }: Standby, status: Status): Finding {
  return {
    name: 'standby_lag',
    level: levelOf(status),
    object: name,
    detail: `The standby is ${state}, ${inBytes(behindBytes)} and ${inTime(lagMs ?? 0)} behind`,
    remediation: 'See what the standby is busy with: its network, its disk, or a query',
  };
}
