import type { Alert, AlertState, Severity } from './alert.ts';
import type { Verdict } from './rule.ts';
import type { Series, SeriesContext } from './series.ts';

/** An alert that begins now. */
export function newAlert(
  series: Series,
  context: SeriesContext,
  facts: { readonly epoch: number; readonly severity: Severity; readonly atMs: number },
  verdict: Verdict,
  reason: string,
): Alert {
  const { rule, name, service, environment } = context;
  return Object.freeze<Alert>({
    id: `${name}-${series.born}-${facts.epoch}`,
    rule: name,
    key: series.key === '' ? null : series.key,
    service,
    environment,
    labels: rule.labelsOf(series.key),
    state: 'firing',
    severity: facts.severity,
    epoch: facts.epoch,
    startedAt: new Date(facts.atMs).toISOString(),
    endedAt: null,
    reason,
    value: verdict.value,
    limit: verdict.limit,
    samples: context.samples(),
    runbook: rule.runbook,
    acknowledged: null,
    degraded: context.isDegraded,
  });
}

/** The same alert as it is now. */
export function changedAlert(
  alert: Alert,
  change: Partial<Pick<Alert, 'severity' | 'samples'>> & { readonly state: AlertState },
  verdict: Verdict,
): Alert {
  const { why: reason, value, limit } = verdict;
  return Object.freeze<Alert>({ ...alert, ...change, reason, value, limit });
}

/** The alert as it is told of for the last time. */
export function endedAlert(alert: Alert, atMs: number, reason: string, verdict?: Verdict): Alert {
  return Object.freeze<Alert>({
    ...alert,
    state: 'ok',
    endedAt: new Date(atMs).toISOString(),
    reason,
    ...(verdict && { value: verdict.value, limit: verdict.limit }),
  });
}
