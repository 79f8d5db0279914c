import { withTimeout } from '@ops/timeout';
import type { Engine } from './engine.ts';
import { healthJson } from './health-json.ts';
import { kubeCheckText, kubeText, type Page } from './kube-text.ts';
import type { HealthSettings } from './options.ts';

/** Which group each page shows. */
const PAGES: Readonly<Record<string, string>> = {
  livez: 'live',
  readyz: 'ready',
  startupz: 'startup',
  healthz: 'all',
};

type Route =
  | { readonly kind: 'json' }
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'check'; readonly page: Page; readonly name: string };

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';

/** The HTTP face of an engine. */
export function createFetchHandler(
  engine: Engine,
  settings: HealthSettings,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    const route = match(url.pathname, settings.basePath);
    if (route === undefined) return respond(request, notFound());
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const refusal = { status: 405, type: TEXT, body: 'method not allowed\n' };
      return respond(request, refusal, { allow: 'GET, HEAD' });
    }
    const isAuthorised = once(() => authorised(request, settings));
    const answer =
      route.kind === 'json'
        ? await json(engine, settings, isAuthorised)
        : await text(route, url.searchParams, engine, settings.pageFailStatus, isAuthorised);
    return respond(request, answer);
  };
}

/** By the path alone: a query that is not understood must not make another handler answer 200. */
function match(pathname: string, basePath: string): Route | undefined {
  if (!pathname.startsWith(`${basePath}/`)) return undefined;
  const [first = '', second, ...rest] = pathname.slice(basePath.length + 1).split('/');
  if (first === 'health' && second === undefined) return { kind: 'json' };
  const group = Object.hasOwn(PAGES, first) ? PAGES[first] : undefined;
  if (group === undefined || rest.length > 0) return undefined;
  const page = { name: first, group };
  if (second === undefined) return { kind: 'page', page };
  const name = decode(second);
  return name === undefined ? undefined : { kind: 'check', page, name };
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

async function json(
  engine: Engine,
  { service }: HealthSettings,
  isAuthorised: () => Promise<boolean>,
): Promise<Answer> {
  // Both at once: the probe waits for the slower of the two.
  const [showsDetails] = await Promise.all([
    isAuthorised(),
    engine.prepare(engine.groups.get('all') ?? []),
  ]);
  const report = engine.report('all');
  return {
    status: report.status === 'fail' ? 503 : 200,
    type: 'application/health+json',
    body: healthJson(report, service, showsDetails),
  };
}

async function text(
  route: Exclude<Route, { kind: 'json' }>,
  query: URLSearchParams,
  engine: Engine,
  failStatus: number,
  isAuthorised: () => Promise<boolean>,
): Promise<Answer> {
  const { page } = route;
  const result =
    route.kind === 'page'
      ? await kubeText(engine, page, query, isAuthorised)
      : await kubeCheckText(engine, page, route.name, isAuthorised);
  if (result === undefined) return notFound();
  return { status: result.isOk ? 200 : failStatus, type: TEXT, body: result.body };
}

async function authorised(request: Request, settings: HealthSettings): Promise<boolean> {
  const { details, detailsTimeoutMs, clock } = settings;
  if (typeof details === 'boolean') return details;
  try {
    const answer: unknown = details(request);
    if (typeof answer === 'boolean') return answer;
    return (await withTimeout(async () => answer, detailsTimeoutMs, { clock })) === true;
  } catch {
    return false;
  }
}

function once(ask: () => Promise<boolean>): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined;
  return () => (answer ??= ask());
}

function notFound(): Answer {
  return { status: 404, type: TEXT, body: 'not found\n' };
}

function respond(request: Request, answer: Answer, headers: Record<string, string> = {}): Response {
  return new Response(request.method === 'HEAD' ? null : answer.body, {
    status: answer.status,
    headers: {
      ...headers,
      'content-type': answer.type,
      'content-length': String(new TextEncoder().encode(answer.body).length),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  });
}
