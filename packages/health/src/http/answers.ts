import type { CheckRunner } from '../check-runner.ts';
import type { Engine } from '../engine.ts';
import { createMetricsText, METRICS_TYPE } from '../metrics/prometheus.ts';
import type { HealthSettings } from '../options.ts';
import { type Answer, answerOf, conditional, METHOD_NOT_ALLOWED } from './answer.ts';
import { createAnswerCache, type Freshness } from './answer-cache.ts';
import { negotiate } from './negotiate.ts';
import { pageAnswer, type Showing } from './page-answer.ts';
import { createRouter, type PageRoute } from './route.ts';
import { isLatched, type Selection, selectionOf } from './view.ts';

/** A request, whatever carried it. */
interface Ask {
  readonly method: string;
  readonly pathname: string;
  /** Without its question mark. */
  readonly query: string;
  /** Read only where it matters: a `Request` makes its headers when they are asked for. */
  header(name: 'accept' | 'if-none-match'): string | null | undefined;
  /** Whether the asker may see details. Called once at most, and only when it matters. */
  isAuthorised(): boolean | Promise<boolean>;
}

/** `undefined`: the path is none of ours. */
export type Answers = (ask: Ask) => Answer | Promise<Answer> | undefined;

/**
 * What is answered to whom: at once, from what the last one was told, unless there is no result to
 * show or somebody has to be asked for leave.
 */
export function createAnswers(engine: Engine, settings: HealthSettings): Answers {
  const routeOf = createRouter(settings.basePath, settings.preset === 'microprofile');
  const metricsText = createMetricsText(engine);
  const cache = createAnswerCache(engine, settings.clock);

  function show(showing: Showing): Answer {
    const make = (): Answer => pageAnswer(engine, settings, showing);
    const key = keyOf(showing);
    return key === undefined ? make() : cache(key, freshnessOf(showing), make);
  }

  function page(route: PageRoute, ask: Ask): Answer | Promise<Answer> {
    const selection = selectionOf(ask.query);
    const format = negotiate(ask.header('accept'), route.offers);
    const showing: Showing = { route, format, selection, showsDetails: false };
    const wait = isLatched(engine, route.group)
      ? undefined
      : engine.prepare(askedOf(engine, route, selection));
    if (format === 'text/plain')
      return wait === undefined ? text(showing, ask) : wait.then(() => text(showing, ask));
    // Both at once: the probe waits for the slower of the two.
    return allowed(showing, ask, wait);
  }

  /** Nobody is asked for leave to be told that all is well. */
  function text(showing: Showing, ask: Ask): Answer | Promise<Answer> {
    const answer = show(showing);
    return answer.status < 400 ? answer : allowed(showing, ask);
  }

  function allowed(showing: Showing, ask: Ask, wait?: Promise<unknown>): Answer | Promise<Answer> {
    const allows = ask.isAuthorised();
    if (wait === undefined && typeof allows === 'boolean') {
      return show({ ...showing, showsDetails: allows });
    }
    return Promise.all([allows, wait]).then(([showsDetails]) => show({ ...showing, showsDetails }));
  }

  return (ask) => {
    const route = routeOf(ask.pathname);
    if (route === undefined) return undefined;
    if (ask.method !== 'GET' && ask.method !== 'HEAD') return METHOD_NOT_ALLOWED;
    if (route.kind === 'metrics') {
      return answerOf({ status: 200, type: METRICS_TYPE, body: metricsText() });
    }
    const answer = page(route, ask);
    if (answer instanceof Promise) return answer.then((late) => finish(late, ask));
    return finish(answer, ask);
  };
}

function finish(answer: Answer, ask: Ask): Answer {
  if (answer.notModified !== undefined) return conditional(answer, ask.header('if-none-match'));
  return refreshing(answer, ask.query);
}

/** None for what depends on the query's words: there is no end of those. */
function keyOf({ route, format, selection, showsDetails }: Showing): string | undefined {
  if (route.only !== undefined || selection.excludes.size > 0) return undefined;
  return `${route.name} ${format} ${selection.isVerbose} ${showsDetails}`;
}

function freshnessOf({ format, showsDetails }: Showing): Freshness {
  if (format === 'text/html') return 'page';
  return showsDetails ? 'details' : 'statuses';
}

function askedOf(
  engine: Engine,
  { group, only }: PageRoute,
  { excludes }: Selection,
): readonly CheckRunner[] {
  const members = engine.groups.get(group) ?? [];
  if (only !== undefined) return members.filter(({ settings }) => settings.name === only);
  if (excludes.size === 0) return members;
  return members.filter(({ settings }) => !excludes.has(settings.name));
}

const SHORTEST_REFRESH_SECONDS = 5;
const LONGEST_REFRESH_SECONDS = 3_600;

/** `?refresh=30`, of the HTML page. By a header, so that the page itself is the same for all. */
function refreshing(answer: Answer, query: string): Answer {
  if (query === '' || answer.headers['content-type']?.startsWith('text/html') !== true)
    return answer;
  const given = new URLSearchParams(query).get('refresh') ?? '';
  if (!/^\d{1,6}$/.test(given)) return answer;
  const seconds = Math.min(
    Math.max(Number(given), SHORTEST_REFRESH_SECONDS),
    LONGEST_REFRESH_SECONDS,
  );
  return { ...answer, headers: { ...answer.headers, refresh: String(seconds) } };
}
