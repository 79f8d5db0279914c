/**
 * The write key in the `authorization` header: the token of `Bearer`, or the user of `Basic`, where
 * Segment's clients put it. `isPresent` tells a header that holds no usable key from none at all.
 */
export function presentedKey(request: Request): {
  readonly isPresent: boolean;
  readonly key: string | undefined;
} {
  const header = request.headers.get('authorization');
  if (header === null) return { isPresent: false, key: undefined };
  const [, scheme, credentials] = /^(bearer|basic) +(\S+)$/i.exec(header.trim()) ?? [];
  if (scheme === undefined || credentials === undefined) return { isPresent: true, key: undefined };
  if (scheme.toLowerCase() === 'bearer') return { isPresent: true, key: credentials };
  const [user = ''] = Buffer.from(credentials, 'base64').toString().split(':', 1);
  return { isPresent: true, key: user === '' ? undefined : user };
}
