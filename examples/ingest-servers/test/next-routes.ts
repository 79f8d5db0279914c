import { createServer } from 'node:http';
import { createRequestListener } from '@remix-run/node-fetch-server';
import { listening, type Start } from '../listening.ts';
import { routeHandlers } from '../next-route.ts';

/**
 * The part of Next.js that chooses a handler: by the file's path, then by the method; 405 without a
 * body where none is exported.
 */
export const start: Start = (handler, port) => {
  const handlers: Readonly<Record<string, (request: Request) => Promise<Response>>> =
    routeHandlers(handler);
  const answer = (request: Request): Promise<Response> | Response => {
    const { pathname } = new URL(request.url);
    if (pathname === '/') return new Response('hello');
    if (!/^\/api\/telemetry(?:\/|$)/.test(pathname)) return new Response(null, { status: 404 });
    return handlers[request.method]?.(request) ?? new Response(null, { status: 405 });
  };
  return listening(createServer(createRequestListener(answer)), port);
};
