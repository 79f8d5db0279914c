export type Format = 'html' | 'json';

const MEDIA = [
  ['html', 'text/html'],
  ['json', 'application/json'],
] as const;

/** `?format=` before `Accept`; HTML where nothing is said, or both are as welcome. */
export function formatOf(parameters: URLSearchParams, accept: string | null): Format {
  const asked = parameters.get('format');
  if (asked === 'json' || asked === 'html') return asked;
  const [html = 0, json = 0] = MEDIA.map(([, type]) => qualityOf(type, accept ?? '*/*'));
  return json > html ? 'json' : 'html';
}

/** By the most specific range that fits, as RFC 9110, 12.5.1 has it; 0 where none does. */
function qualityOf(type: string, accept: string): number {
  const [main] = type.split('/');
  const ranges = new Map<string, number>();
  for (const range of accept.split(',').slice(0, 50)) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((part) => part.startsWith('q='))?.slice(2);
    const quality = q === undefined ? 1 : Number(q);
    ranges.set(media, quality >= 0 && quality <= 1 ? quality : 0);
  }
  return ranges.get(type) ?? ranges.get(`${main}/*`) ?? ranges.get('*/*') ?? 0;
}
