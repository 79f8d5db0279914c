import { RequestRefusal } from './request-refusal.ts';

/** @throws RequestRefusal 405 */
export function checkMethod(request: Request): void {
  if (request.method === 'POST') return;
  throw new RequestRefusal(405, 'method', 'Use POST', { headers: { allow: 'POST' } });
}

/**
 * Whether the body is gzip.
 *
 * @throws RequestRefusal 415
 */
export function checkContent(request: Request): { isGzip: boolean } {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new RequestRefusal(415, 'content_type', 'Send content-type: application/json');
  }
  const encoding = (request.headers.get('content-encoding') ?? '').trim().toLowerCase();
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip';
  if (!isGzip && encoding !== '' && encoding !== 'identity') {
    const headers = { 'accept-encoding': 'gzip, identity' };
    const message = 'Send content-encoding: gzip, or none';
    throw new RequestRefusal(415, 'content_encoding', message, { headers });
  }
  return { isGzip };
}
