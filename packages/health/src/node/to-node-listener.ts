import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidOptionsError } from '@ops/timeout';
import { type Answer, NOT_FOUND } from '../http/answer.ts';
import { authorise } from '../http/authorise.ts';
import { faceOf, type HasFetch } from '../http/face.ts';

/** A listener for `node:http`, and middleware for Connect and Express. */
export type NodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Answers as `health.fetch` does, without making a `Request` and a `Response`, which cost more than
 * all the rest of a probe. A `Request` is made only when a `details` function wants to see it.
 *
 * What is not for it goes to `next`, when there is one, and gets a 404 otherwise. It looks at
 * `request.url` as it is: where a framework has cut off the path at which this is mounted, `basePath`
 * is what remains before `/health`.
 *
 * @throws InvalidOptionsError when `health` was not made by `createHealth`.
 */
export function toNodeListener(health: HasFetch): NodeListener {
  const face = faceOf(health);
  if (face === undefined) {
    throw new InvalidOptionsError(
      'toNodeListener: expected what createHealth of this package made',
    );
  }
  const { answers, settings } = face;

  return (request, response, next) => {
    const { method = 'GET', url = '/', headers } = request;
    const [pathname, query] = split(url);
    const answer = answers({
      method,
      pathname,
      query,
      header: (name) => headers[name],
      isAuthorised: () => authorise(settings, () => requestOf(request)),
    });
    if (answer === undefined && next !== undefined) next();
    else if (answer instanceof Promise) void answer.then((late) => send(response, late, method));
    else send(response, answer ?? NOT_FOUND, method);
  };
}

/** Of `/path?query`, or of `http://host/path?query`, as proxies ask. */
function split(url: string): readonly [pathname: string, query: string] {
  if (!url.startsWith('/')) {
    const { pathname, search } = URL.parse(url) ?? { pathname: '', search: '' };
    return [pathname, search.slice(1)];
  }
  const at = url.indexOf('?');
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

function send(response: ServerResponse, { status, headers, body }: Answer, method: string): void {
  // Something else may have answered while a check was waited for, as a time limit of the server's.
  if (response.headersSent) return;
  response.writeHead(status, headers);
  if (method === 'HEAD' || status === 304) response.end();
  else response.end(body);
}

/** Without a body: only GET and HEAD come this far. */
function requestOf({ method = 'GET', url = '/', headers, socket }: IncomingMessage): Request {
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  const base = `${scheme}://${headers.host ?? 'localhost'}`;
  // Joined, not resolved: of `//evil.example/health` the host would come from the path.
  const target = URL.parse(url.startsWith('/') ? base + url : url) ?? 'http://localhost/';
  const pairs = Object.entries(headers)
    // Those of HTTP/2 that are part of its request line.
    .filter(([name]) => !name.startsWith(':'))
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]),
    );
  return new Request(target, { method, headers: pairs });
}
