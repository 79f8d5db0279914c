import { RequestRefusal } from './request-refusal.ts';

/** How a body is compressed. */
export type ContentEncoding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd';

/** `text/plain` is what a beacon can send to another origin without a preflight. */
const CONTENT_TYPES: readonly (string | undefined)[] = ['application/json', 'text/plain'];

const ENCODINGS: Readonly<Record<string, ContentEncoding>> = {
  '': 'identity',
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
};

/** @throws RequestRefusal 405 */
export function checkMethod(request: Request, allow: string): void {
  if (request.method === 'POST') return;
  throw new RequestRefusal(405, 'method', 'Use POST', { headers: { allow } });
}

/** Whether the body says that it is JSON, or may be. */
export function hasContentType(request: Request): boolean {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  return CONTENT_TYPES.includes(type);
}

/**
 * How the body is compressed.
 *
 * @throws RequestRefusal 415
 */
export function checkContent(request: Request): ContentEncoding {
  if (!hasContentType(request)) {
    const message = 'Send content-type: application/json, or text/plain from a beacon';
    throw new RequestRefusal(415, 'content_type', message);
  }
  const name = (request.headers.get('content-encoding') ?? '').trim().toLowerCase();
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (encoding !== undefined) return encoding;
  const headers = { 'accept-encoding': 'gzip, deflate, br, zstd, identity' };
  const message = 'Send content-encoding: gzip, deflate, br or zstd, or none';
  throw new RequestRefusal(415, 'content_encoding', message, { headers });
}
