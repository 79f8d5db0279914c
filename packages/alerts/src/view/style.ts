import { createHash } from 'node:crypto';

/** For text on `page` and on `card`, in each scheme; a test holds the contrasts to 4.5. */
export const PALETTE = {
  light: {
    page: '#f7f7f5',
    card: '#ffffff',
    rule: '#d4d4cf',
    ink: '#1d1f21',
    quiet: '#5c6066',
    link: '#0b57b0',
    critical: '#b3122a',
    high: '#a84300',
    medium: '#7a5c00',
    low: '#3a5f8a',
    ok: '#1c7a3a',
  },
  dark: {
    page: '#101214',
    card: '#191c1f',
    rule: '#3c4147',
    ink: '#e8e9ea',
    quiet: '#a3a9b0',
    link: '#7db8ff',
    critical: '#ff8080',
    high: '#ffa366',
    medium: '#e0b73d',
    low: '#9dc1ea',
    ok: '#5fcb80',
  },
} as const;

function variables(scheme: keyof typeof PALETTE): string {
  return Object.entries(PALETTE[scheme])
    .map(([name, colour]) => `--${name}:${colour};`)
    .join('');
}

const MARKS = ['critical', 'high', 'medium', 'low', 'ok']
  .map((name) => `.${name}{--mark:var(--${name})}`)
  .join('');

export const STYLE: string = `
:root{color-scheme:light dark;${variables('light')}}
@media (prefers-color-scheme:dark){:root{${variables('dark')}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:0 1rem 2rem;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header{padding-top:1.25rem}
h1{margin:0;font-size:1.375rem}
h2{margin:2rem 0 .5rem;font-size:1.125rem}
h3{margin:0;font-size:1rem}
p{margin:.25rem 0}
ul{list-style:none;margin:0;padding:0}
a{color:var(--link)}
a:focus-visible,.wide:focus-visible{outline:.125rem solid var(--link);outline-offset:.125rem}
nav ul{display:flex;gap:1rem}
time{white-space:nowrap}
code{font:.875em ui-monospace,monospace}
.skip{position:absolute;left:-100vw}
.skip:focus{position:static}
.quiet{color:var(--quiet);font-size:.875rem}
${MARKS}
.mark{color:var(--mark);font-weight:600}
.cards{display:grid;gap:.75rem}
.cards>li,.notice{padding:.75rem 1rem;border:1px solid var(--rule);border-left:.375rem solid var(--mark,var(--quiet));border-radius:.25rem;background:var(--card)}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}
.samples{margin:.5rem 0;padding-left:.75rem;border-left:.125rem solid var(--rule)}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;background:var(--card);font-size:.875rem}
caption{text-align:left}
th,td{padding:.375rem .625rem;border:1px solid var(--rule);text-align:left;vertical-align:top}
@media print{nav,footer{display:none}}
`;

const digest = createHash('sha256').update(STYLE).digest('base64');

/** The one style and nothing else: no script, no request to anywhere, no frame around it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
};
