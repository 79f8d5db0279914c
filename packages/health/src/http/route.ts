import type { MediaType } from './negotiate.ts';

/** Which group a page shows, and under which name. */
interface Page {
  /** Another for each page; of those in text, what kube-apiserver puts into its last line. */
  readonly name: string;
  readonly group: string;
}

/** A page of checks. */
export interface PageRoute extends Page {
  readonly kind: 'page';
  /** In the order of preference. */
  readonly offers: readonly MediaType[];
  /** Whether its good answers may be kept by whoever asked: those of `/health`. */
  readonly isKept: boolean;
  /** Whether statuses follow the z-pages' codes instead of those of `/health`. */
  readonly isZPage: boolean;
  /** `/livez/NAME`: the only check that is looked at. */
  readonly only?: string | undefined;
}

export type Route = PageRoute | { readonly kind: 'metrics' };

const GROUPS: Readonly<Record<string, string>> = {
  livez: 'live',
  readyz: 'ready',
  startupz: 'startup',
  healthz: 'all',
};

const MICROPROFILE: Readonly<Record<string, string>> = {
  live: 'live',
  ready: 'ready',
  started: 'startup',
};

const FOR_PROGRAMS = ['application/health+json', 'application/json'] as const;
const FOR_PEOPLE = ['text/plain', 'text/html'] as const;
const OF_MICROPROFILE = ['application/json', 'application/health+json'] as const;

const Z_PAGE = {
  kind: 'page',
  isKept: false,
  isZPage: true,
  offers: ['text/plain', ...FOR_PROGRAMS],
} as const;
const MICROPROFILE_PAGE = {
  kind: 'page',
  isKept: false,
  isZPage: false,
  offers: OF_MICROPROFILE,
} as const;

/** Finds routes by path alone: a query that is not understood must not lead to another handler. */
export function createRouter(
  basePath: string,
  isMicroprofile: boolean,
): (pathname: string) => Route | undefined {
  const whole = { kind: 'page', name: 'health', group: 'all', isZPage: false } as const;
  const routes = new Map<string, Route>([
    [
      `${basePath}/health`,
      {
        ...whole,
        isKept: true,
        offers: [...(isMicroprofile ? OF_MICROPROFILE : FOR_PROGRAMS), ...FOR_PEOPLE],
      },
    ],
    [`${basePath}/health/ui`, { ...whole, name: 'ui', isKept: false, offers: ['text/html'] }],
    [`${basePath}/health/metrics`, { kind: 'metrics' }],
  ]);
  const zPages = Object.entries(GROUPS).map(
    ([name, group]): PageRoute => ({ ...Z_PAGE, name, group }),
  );
  for (const page of zPages) routes.set(`${basePath}/${page.name}`, page);
  for (const [name, group] of isMicroprofile ? Object.entries(MICROPROFILE) : []) {
    routes.set(`${basePath}/health/${name}`, { ...MICROPROFILE_PAGE, name, group });
  }

  return (pathname) => {
    const route = routes.get(pathname);
    if (route !== undefined) return route;
    for (const page of zPages) {
      const start = `${basePath}/${page.name}/`;
      if (pathname.startsWith(start)) return single(page, pathname.slice(start.length));
    }
    return undefined;
  };
}

function single(page: PageRoute, segment: string): PageRoute | undefined {
  if (segment === '' || segment.includes('/')) return undefined;
  try {
    return { ...page, only: decodeURIComponent(segment) };
  } catch {
    return undefined;
  }
}
