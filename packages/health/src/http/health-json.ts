import type { ServiceInfo } from '../health-options.ts';
import type { CheckState, HealthReport, MeasurementState } from '../report.ts';
import type { Standing } from '../status.ts';

/**
 * A report as `application/health+json`.
 *
 * The public body holds names, statuses and codes. It is the same, byte for byte, until one of
 * those changes, because some readers (Consul) spread every change. The detailed one adds times,
 * values and messages, and has an entry for each measurement: `NAME`, or `NAME:MEASUREMENT`.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06
 */
export function healthJson(
  report: HealthReport,
  service: ServiceInfo,
  showsDetails: boolean,
): string {
  const checks = Object.entries(report.checks).flatMap(([name, state]) =>
    showsDetails ? detailed(name, state) : [[name, [brief(state, state)]]],
  );
  return JSON.stringify({
    status: report.status,
    version: service.version,
    releaseId: service.releaseId,
    serviceId: service.id,
    description: service.description,
    output: outputOf(report, showsDetails),
    checks: Object.fromEntries(checks),
  });
}

/** Of the whole: only what no check says. */
function outputOf({ code, reason }: HealthReport, showsDetails: boolean): string | undefined {
  if (reason !== undefined) return showsDetails ? `fatal: ${reason}` : 'fatal';
  return code === 'shutting_down' ? code : undefined;
}

function brief({ kind, id, affects }: CheckState, { status, code }: Standing): object {
  const isPassing = status === 'pass';
  return {
    componentId: id,
    componentType: kind,
    status,
    affectedEndpoints: isPassing || affects.length === 0 ? undefined : affects,
    output: isPassing ? undefined : code,
  };
}

function detailed(name: string, state: CheckState): [string, object[]][] {
  // A check that returned nothing measured nothing, and is shown all the same.
  const measured: readonly Partial<MeasurementState>[] =
    state.measurements.length === 0 ? [{}] : state.measurements;
  return measured.map((one) => [
    one.measurement === undefined ? name : `${name}:${one.measurement}`,
    [detail(state, { ...state, ...one })],
  ]);
}

function detail(state: CheckState, measured: CheckState | MeasurementState): object {
  const { status, code, message, value, unit } = measured;
  const { time, durationMs } = state;
  const reason = message === undefined ? code : `${code}: ${message}`;
  return {
    ...brief(state, measured),
    observedValue: value,
    observedUnit: value === undefined ? undefined : unit,
    time: time?.toISOString(),
    output: status === 'pass' ? undefined : reason,
    // Our own key; the draft lets a reader ignore what it does not know.
    durationMs: durationMs === undefined ? undefined : Math.round(durationMs),
  };
}
