import type { ServiceInfo } from './health-options.ts';
import type { CheckState, HealthReport } from './report.ts';

/**
 * A report as `application/health+json`.
 *
 * The public body holds names, statuses and codes. It is the same, byte for byte, until one of
 * those changes, because some readers (Consul) spread every change. The detailed one adds times,
 * values and messages.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06
 */
export function healthJson(
  report: HealthReport,
  service: ServiceInfo,
  showsDetails: boolean,
): string {
  const checks = Object.entries(report.checks).map(([name, state]) => [
    name,
    // An array of one: a check has one measurement.
    [showsDetails ? detailed(state) : brief(state)],
  ]);
  return JSON.stringify({
    status: report.status,
    version: service.version,
    releaseId: service.releaseId,
    serviceId: service.id,
    description: service.description,
    output: report.code === 'shutting_down' ? report.code : undefined,
    checks: Object.fromEntries(checks),
  });
}

function brief({ status, code, kind }: CheckState): object {
  return { componentType: kind, status, output: status === 'pass' ? undefined : code };
}

function detailed(state: CheckState): object {
  const { code, message, value, unit, time, durationMs } = state;
  const reason = message === undefined ? code : `${code}: ${message}`;
  return {
    ...brief(state),
    observedValue: value,
    observedUnit: value === undefined ? undefined : unit,
    time: time?.toISOString(),
    output: state.status === 'pass' ? undefined : reason,
    // Our own key; the draft lets a reader ignore what it does not know.
    durationMs: durationMs === undefined ? undefined : Math.round(durationMs),
  };
}
