import { read } from '../classify-error.ts';

/** The system's word for a fault, as `ENOENT`; nothing that could hold data. */
export function errnoOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? read(error, 'code') : undefined;
  return typeof code === 'string' && /^E[A-Z\d]{1,20}$/.test(code) ? code : undefined;
}

/** Whether the fault is that one may not. */
export function isDenied(errno: string | undefined): boolean {
  return errno === 'EACCES' || errno === 'EPERM';
}
