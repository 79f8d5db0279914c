import type { Finding } from '../finding.ts';
import type { CheckState, MeasurementState } from '../report.ts';
import { html, type Markup } from './markup.ts';
import { lengthOf, moment } from './moment.ts';
import { statusMark, WORDS } from './status-mark.ts';
import { timeline } from './timeline.ts';

/** One check: what everybody may see of it and, with `showsDetails`, what it says. */
export function checkCard(
  name: string,
  state: CheckState,
  nowMs: number,
  showsDetails: boolean,
): Markup {
  const { status, code, history } = state;
  const isTold = code !== 'ok' || status !== 'pass';
  return html`<li class="${status}">
<div class="line title"><h3>${name}</h3><p class="line">${statusMark(status)}${isTold ? html`<code>${code}</code>` : undefined}</p></div>
<p class="quiet">${circumstances(state, nowMs)}</p>
${showsDetails ? details(state) : undefined}
${history.length === 0 ? undefined : timeline(name, history, nowMs)}
</li>
`;
}

function circumstances(state: CheckState, nowMs: number): Markup {
  const { status, raw, code, critical, since, durationMs, time } = state;
  const facts = [
    time === undefined
      ? html`has not run yet`
      : html`${WORDS[status]} for ${lengthOf(nowMs - since.getTime())}, since ${moment(since)} UTC`,
    ...(raw === 'fail' && status === 'warn'
      ? [
          html`${critical ? 'failing, but not yet often enough to count' : 'failing, but not critical'}`,
        ]
      : []),
    ...(code === 'ok' && status === 'warn' ? [html`recovering`] : []),
    ...(durationMs === undefined ? [] : [html`last run took ${Math.round(durationMs)} ms`]),
  ];
  return html`${facts.map((fact, at) => (at === 0 ? fact : html`; ${fact}`))}`;
}

function details({ message, measurements }: CheckState): Markup {
  const measured = measurements.filter((one) => one.value !== undefined);
  const findings = measurements.flatMap((one) => one.findings);
  return html`${message === undefined ? undefined : html`<p class="message">${message}</p>`}${
    measured.length === 0 ? undefined : html`<dl class="values">${measured.map(value)}</dl>`
  }${findings.length === 0 ? undefined : html`<ul class="findings">${findings.map(finding)}</ul>`}`;
}

function value({ measurement = 'value', value: measured, unit, status }: MeasurementState): Markup {
  const judged = status === 'pass' ? '' : ` (${WORDS[status]})`;
  return html`<dt>${measurement}</dt><dd>${String(measured)}${unit === undefined ? '' : ` ${unit}`}${judged}</dd>`;
}

function finding({ object, detail, remediation }: Finding): Markup {
  const about = object === undefined ? undefined : html`<code>${object}</code>: `;
  const remedy = remediation === undefined ? undefined : html`<br>Remedy: ${remediation}`;
  return html`<li>${about}${detail}${remedy}</li>`;
}
