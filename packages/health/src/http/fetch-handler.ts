import type { HealthSettings } from '../options.ts';
import { type Answer, NOT_FOUND } from './answer.ts';
import type { Answers } from './answers.ts';
import { authorise } from './authorise.ts';

/** Answers as a handler of the Fetch standard. Never rejects; needs no `this`. */
export function createFetchHandler(
  answers: Answers,
  settings: HealthSettings,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { method } = request;
    const [pathname, query] = split(request.url);
    const answer = answers({
      method,
      pathname,
      query,
      header: (name) => request.headers.get(name),
      isAuthorised: () => authorise(settings, () => request),
    });
    return responseOf((await answer) ?? NOT_FOUND, method);
  };
}

/** A request's URL is absolute and in its normal form, and parsing it again is a tenth of a probe. */
function split(url: string): readonly [pathname: string, query: string] {
  const [resource = ''] = url.split('#', 1);
  const start = resource.indexOf('/', resource.indexOf('://') + 3);
  const end = resource.indexOf('?', start);
  return end === -1
    ? [resource.slice(start), '']
    : [resource.slice(start, end), resource.slice(end + 1)];
}

function responseOf({ status, headers, body }: Answer, method: string): Response {
  // A status without a body refuses even an empty one.
  return new Response(method === 'HEAD' || status === 304 ? null : body, { status, headers });
}
