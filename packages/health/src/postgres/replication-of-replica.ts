import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import type { Status } from '../status.ts';
import { judge } from '../thresholds.ts';
import { type Inspect, inBytes, inTime, levelOf, worst } from './catalog-check.ts';
import type { ReplicationLimits } from './replication.ts';

interface Replica {
  /** Whether there is a WAL receiver; its columns are null to a role that may not see them. */
  readonly isReceiving: boolean;
  readonly state: string | null;
  readonly silenceMs: number | null;
  /** 0 means none. */
  readonly receiverTimeoutMs: number;
  readonly replayed: string | null;
  readonly behindBytes: number;
  readonly replayAgeMs: number | null;
  readonly isPaused: boolean;
  /** By the server's clock. */
  readonly nowMs: number;
}

const SELECT_REPLICA = `
  select receiver.pid is not null as "isReceiving",
    receiver.status as state,
    extract(epoch from clock_timestamp() - receiver.last_msg_receipt_time) * 1000 as "silenceMs",
    (
      select setting::double precision
      from pg_settings
      where name = 'wal_receiver_timeout'
    ) as "receiverTimeoutMs",
    pg_last_wal_replay_lsn()::text as replayed,
    greatest(0, coalesce(
      pg_wal_lsn_diff(
        -- what the primary has, by its last word, may be more than what has come
        greatest(pg_last_wal_receive_lsn(), receiver.latest_end_lsn),
        pg_last_wal_replay_lsn()
      ), 0)) as "behindBytes",
    extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 as "replayAgeMs",
    pg_is_wal_replay_paused() as "isPaused",
    extract(epoch from clock_timestamp()) * 1000 as "nowMs"
  from (select) as one
  left join pg_stat_wal_receiver as receiver on true`;

/** The server ends a silent receiver itself, unless it was told not to; this is its default. */
const SILENCE_MS = 60_000;

export function createReplicaInspection(limits: ReplicationLimits): Inspect {
  /** The position at which replay stands still, and since when it was seen to. */
  let standing: { readonly at: string | null; readonly sinceMs: number } | undefined;

  function stoodMs({ replayed, behindBytes, nowMs }: Replica): number {
    if (behindBytes === 0) standing = undefined;
    else if (standing?.at !== replayed) standing = { at: replayed, sinceMs: nowMs };
    return standing === undefined ? 0 : nowMs - standing.sinceMs;
  }

  return async (read) => {
    const [replica] = await read.rows<Replica>(SELECT_REPLICA);
    if (replica === undefined) return { status: 'fail', code: 'bad_response' };
    return unseen(replica) ?? disconnected(replica) ?? lagging(replica, stoodMs(replica), limits);
  };
}

function unseen({ isReceiving, state }: Replica): Measurement | undefined {
  if (!isReceiving || state !== null) return undefined;
  const message = 'the WAL receiver cannot be seen: grant pg_read_all_stats';
  return { status: 'warn', code: 'insufficient_privilege', message };
}

function disconnected(replica: Replica): Measurement | undefined {
  const { isReceiving, state, silenceMs, receiverTimeoutMs } = replica;
  const longestMs = receiverTimeoutMs > 0 ? receiverTimeoutMs : SILENCE_MS;
  const isSilent = (silenceMs ?? 0) > longestMs;
  if (isReceiving && state === 'streaming' && !isSilent) return undefined;
  const detail = isSilent
    ? `The primary has not said a word for ${inTime(silenceMs ?? 0)}`
    : `The replica does not receive from the primary (${isReceiving ? `the WAL receiver is ${state}` : 'there is no WAL receiver'}), so how far it is behind is not known`;
  return {
    status: 'fail',
    code: 'refused',
    message: detail,
    findings: [
      {
        name: 'replica_disconnected',
        level: 'error',
        detail,
        remediation:
          "See the replica's log; check primary_conninfo, its user, and that the WAL it needs is still there",
      },
    ],
  };
}

function lagging(replica: Replica, stoodMs: number, limits: ReplicationLimits): Measurement {
  const { behindBytes, replayAgeMs, isPaused } = replica;
  const { warnMs, failMs, bytes, maxBytes } = limits;
  const lagMs = Math.max(behindBytes >= bytes ? (replayAgeMs ?? 0) : 0, stoodMs);
  const byTime: Status = behindBytes === 0 ? 'pass' : judge(lagMs, { warn: warnMs, fail: failMs });
  const byBytes: Status = behindBytes >= maxBytes ? 'fail' : 'pass';
  const status = worst([byTime, byBytes, isPaused ? 'warn' : 'pass']);
  const paused = isPaused ? '; replay is paused' : '';
  const time = lagMs > 0 ? ` and ${inTime(lagMs)}` : '';
  const detail = `The replica is ${inBytes(behindBytes)}${time} behind${paused}`;
  const finding: Finding = {
    name: isPaused ? 'replay_paused' : 'replica_lag',
    level: levelOf(status),
    detail,
    remediation: isPaused
      ? 'select pg_wal_replay_resume();'
      : 'See what the replica is busy with: its disk, or a query that conflicts with replay',
  };
  return {
    status,
    value: behindBytes,
    unit: 'bytes',
    message: detail,
    findings: status === 'pass' ? [] : [finding],
  };
}
