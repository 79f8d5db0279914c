import type { Format } from './format.ts';
import { PAGE_HEADERS } from './style.ts';

/** Nobody keeps what is shown, and nobody takes it for something else. */
const COMMON = {
  'cache-control': 'no-store',
  vary: 'accept',
  'x-content-type-options': 'nosniff',
} as const;

const TYPES: Readonly<Record<Format, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
};

export function reply(format: Format, body: string, parameters: URLSearchParams): Response {
  const headers = {
    ...COMMON,
    ...(format === 'html' && { ...PAGE_HEADERS, ...refresh(parameters.get('refresh')) }),
    'content-type': TYPES[format],
  };
  return new Response(body, { headers });
}

const SHORTEST_REFRESH_S = 5;
const LONGEST_REFRESH_S = 3_600;

function refresh(seconds: string | null): { readonly refresh?: string } {
  if (seconds === null || !/^\d{1,6}$/.test(seconds)) return {};
  const bounded = Math.min(Math.max(Number(seconds), SHORTEST_REFRESH_S), LONGEST_REFRESH_S);
  return { refresh: String(bounded) };
}

const REFUSALS = {
  401: 'who are you?',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  503: 'the store of alerts cannot be reached',
} as const;

const EXTRA: Readonly<Partial<Record<keyof typeof REFUSALS, Record<string, string>>>> = {
  401: { 'www-authenticate': 'Basic realm="alerts", charset="UTF-8"' },
  405: { allow: 'GET, HEAD' },
};

export function refusal(status: keyof typeof REFUSALS): Response {
  return new Response(`${REFUSALS[status]}\n`, {
    status,
    headers: { ...COMMON, 'content-type': 'text/plain; charset=utf-8', ...EXTRA[status] },
  });
}
