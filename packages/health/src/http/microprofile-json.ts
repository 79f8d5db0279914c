import type { Line, View } from './view.ts';

/**
 * A view as MicroProfile Health 4.0 has it: `UP` or `DOWN`, and nothing at the root but that and the
 * checks. A warning is `UP`, with its code in `data`, which has the time, values and message besides
 * for authorised readers.
 *
 * @see https://download.eclipse.org/microprofile/microprofile-health-4.0/microprofile-health-spec-4.0.html
 */
export function microprofileJson(view: View, showsDetails: boolean): string {
  const shown = view.lines.filter(({ isExcluded, name, isCheck }) => {
    return !isExcluded && (isCheck || name !== 'ping');
  });
  return JSON.stringify({
    status: word(view.report.status === 'fail'),
    checks: shown.map((line) => ({
      name: line.name,
      status: word(line.standing.status === 'fail'),
      data: showsDetails ? detailsOf(line, view) : briefOf(line),
    })),
  });
}

function word(isDown: boolean): 'UP' | 'DOWN' {
  return isDown ? 'DOWN' : 'UP';
}

type Data = Readonly<Record<string, string | number | boolean | undefined>>;

function briefOf({ standing: { status, code } }: Line): Data | undefined {
  return status === 'pass' ? undefined : { code };
}

function detailsOf(line: Line, { report }: View): Data {
  const state = report.checks[line.name];
  const values = (state?.measurements ?? []).map(({ measurement, value }) => [
    measurement ?? 'value',
    value,
  ]);
  return {
    ...(Object.fromEntries(values) as Data),
    ...briefOf(line),
    message: line.message,
    time: state?.time?.toISOString(),
    durationMs: state?.durationMs === undefined ? undefined : Math.round(state.durationMs),
  };
}
