import { createHash } from 'node:crypto';

/** What is written and drawn on what, in each scheme: the contrasts are checked by a test. */
export const COLOURS = {
  light: {
    page: '#f6f8fa',
    card: '#ffffff',
    line: '#d1d9e0',
    text: '#1f2328',
    muted: '#59636e',
    link: '#0a5bc4',
    pass: '#1a7f37',
    warn: '#8a5d00',
    fail: '#c4202b',
  },
  dark: {
    page: '#0d1117',
    card: '#161b22',
    line: '#3d444d',
    text: '#e6edf3',
    muted: '#9ba5b0',
    link: '#69b0ff',
    pass: '#4cc261',
    warn: '#dba62e',
    fail: '#ff7b72',
  },
} as const;

function variables(scheme: keyof typeof COLOURS): string {
  return Object.entries(COLOURS[scheme])
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}

export const STYLE: string = `
:root{color-scheme:light dark;${variables('light')}}
@media (prefers-color-scheme:dark){:root{${variables('dark')}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:56rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{margin:0;font-size:1.5rem;line-height:1.25}
h2{margin:2rem 0 .75rem;font-size:1.125rem}
h3{margin:0;font-size:1rem}
p{margin:.25rem 0}
ul,ol,dl,dd{margin:0;padding:0}
ul{list-style:none}
a{color:var(--link)}
time{white-space:nowrap}
code{font:.875em ui-monospace,monospace}
svg{display:block}
.quiet{color:var(--muted);font-size:.875rem}
.pass{--own:var(--pass)}.warn{--own:var(--warn)}.fail{--own:var(--fail)}
.line{display:flex;flex-wrap:wrap;align-items:center;gap:0 .5rem;margin:0}
.state{display:inline-flex;align-items:center;gap:.375rem;color:var(--own);font-weight:600}
.state svg{flex:none;width:1.125em;height:1.125em;fill:currentColor}
.overall{gap:.25rem .75rem;margin:1rem 0 .5rem;padding:.75rem 1rem;border:1px solid var(--line);border-left:.375rem solid var(--own);border-radius:.375rem;background:var(--card)}
.overall .state{font-size:1.25rem}
.groups{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,12rem),1fr));gap:.5rem}
.groups li,.checks>li{border:1px solid var(--line);border-radius:.375rem;background:var(--card)}
.groups li{padding:.5rem .75rem}
.checks{display:grid;gap:.75rem}
.checks>li{padding:.75rem 1rem;border-left:.375rem solid var(--own)}
.title{justify-content:space-between}
.message{padding-left:.75rem;border-left:.125rem solid var(--line);white-space:pre-wrap}
.values{display:grid;grid-template-columns:minmax(0,max-content) minmax(0,1fr);gap:0 .75rem;font-size:.875rem}
.values dt{color:var(--muted)}
.findings{margin:.5rem 0 0;padding-left:1.25rem;list-style:disc;font-size:.875rem}
.timeline{margin:.5rem 0 0}
.timeline svg{width:100%;height:1.5rem;border-bottom:1px solid var(--muted)}
.timeline rect{fill:var(--own)}
.ends{display:flex;justify-content:space-between}
summary{cursor:pointer;width:fit-content}
summary:focus-visible,a:focus-visible{outline:.125rem solid var(--link);outline-offset:.125rem}
.stretches{padding-left:1.5rem;font-size:.875rem}
footer{padding-top:1.5rem;padding-bottom:2rem}
@media (forced-colors:active){.state svg,.timeline rect{fill:CanvasText}}
`;

const hash = createHash('sha256').update(STYLE).digest('base64');

/** Nothing but the one style: no script, no request to anywhere, no frame around it. */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${hash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
