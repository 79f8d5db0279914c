import type { Alert, Severity } from '../alert.ts';
import type { Notification } from '../notification.ts';
import { headline, nameOf, worstOf } from './headline.ts';
import {
  DEGRADED,
  endText,
  MAX_MAIL_ALERTS,
  missingCount,
  sampleText,
  statusText,
} from './mail-text.ts';
import { linkOf, oneLine, timeOf } from './plain-text.ts';

const COLOURS: Readonly<Record<Severity, string>> = {
  low: '#1d6fb8',
  medium: '#8a6d00',
  high: '#b35300',
  critical: '#b3161b',
};

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The mail as HTML: inline styles and nothing that is fetched, since mail clients drop the rest. */
export function mailHtml(notification: Notification): string {
  const { text, firing, resolved, lines, at, degraded, url } = notification;
  const severity = worstOf(notification);
  const isOver = firing.length === 0 && resolved.length > 0;
  const colour = isOver || severity === undefined ? '#1a7f37' : COLOURS[severity];
  const parts = [
    `<h2 style="color:${colour};font-size:18px">${html(headline(notification, 200))}</h2>`,
    `<p>${html(oneLine(text, 500))}</p>`,
    ...firing.slice(0, MAX_MAIL_ALERTS).map(alertHtml),
  ];
  const ended = resolved.slice(0, MAX_MAIL_ALERTS).map(endText);
  if (ended.length > 0) parts.push(`<p>Ended:</p>${list(ended)}`);
  const more = missingCount(notification);
  if (more > 0) parts.push(`<p>… and ${more} more alerts</p>`);
  if (lines.length > 0) parts.push(list(lines.map((line) => oneLine(line, 500))));
  if (degraded) parts.push(`<p>${DEGRADED}</p>`);
  const link = linkOf(url);
  const view = link === undefined ? '' : ` · ${anchor(link, 'All alerts')}`;
  parts.push(`<p style="color:#666">${html(timeOf(at))}${view}</p>`);
  return `<!doctype html>
<html lang="en">
<body style="font-family:sans-serif;font-size:14px;line-height:1.5">
${parts.join('\n')}
</body>
</html>
`;
}

/** Safe between tags and in quoted attributes. */
function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

function alertHtml(alert: Alert): string {
  const { severity, reason, samples, runbook } = alert;
  const name = html(oneLine(nameOf(alert), 200));
  const parts = [
    `<p><strong style="color:${COLOURS[severity]}">${name}</strong>: ${html(statusText(alert))}`,
    `<br>${html(oneLine(reason, 500))}</p>`,
  ];
  if (samples.length > 0) parts.push(list(samples.map(sampleText)));
  const link = linkOf(runbook);
  if (link !== undefined) parts.push(`<p>${anchor(link, 'Runbook')}</p>`);
  else if (runbook !== null) parts.push(`<p>Runbook: ${html(oneLine(runbook, 500))}</p>`);
  return parts.join('\n');
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${html(item)}</li>`).join('')}</ul>`;
}

function anchor(href: string, label: string): string {
  return `<a href="${html(href)}">${html(label)}</a>`;
}
