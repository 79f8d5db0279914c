/** One line of the text format. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/**
 * Reads Prometheus' text format 0.0.4. Throws on what `promtool check metrics` refuses: a line that
 * is none, a family without HELP and TYPE or in two pieces, a sample twice, a counter that is not
 * named so.
 */
export function parseExposition(text: string): ParsedSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: ParsedSample[] = [];
  let family = '';
  let help = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, comment, of = '', rest = ''] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (comment === 'HELP') help = of;
    else if (comment === 'TYPE') {
      if (help !== of || types.has(of)) throw new Error(`TYPE of ${of} after HELP of ${help}`);
      if ((rest === 'counter') !== of.endsWith('_total')) throw new Error(`${of} is a ${rest}`);
      types.set(of, rest);
      family = of;
    } else samples.push(parseSample(line, family, types.get(family) ?? '', seen));
  }
  return samples;
}

function parseSample(line: string, family: string, type: string, seen: Set<string>): ParsedSample {
  const [, name = '', labels = '', value = ''] =
    /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line) ?? [];
  const suffix = name.slice(family.length);
  const isOf = name.startsWith(family) && (suffix === '' ? type !== 'summary' : type === 'summary');
  if (name === '' || !isOf) throw new Error(`not of ${family}: ${line}`);
  if (seen.has(`${name}{${labels}`)) throw new Error(`twice: ${line}`);
  seen.add(`${name}{${labels}`);
  if (!Number.isFinite(Number(value))) throw new Error(`no number: ${line}`);
  return {
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
        key,
        text.replaceAll(/\\[\\"n]/g, (escaped) => UNESCAPED[escaped] ?? ''),
      ]),
    ),
    value: Number(value),
  };
}
