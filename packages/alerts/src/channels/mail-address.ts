import * as z from 'zod';

/** Who a mail is from or to. */
export type MailAddress = { readonly address: string; readonly name?: string | undefined };

const ADDRESS = /^[^\s<>@,;:"()[\]\\]{1,64}@[^\s<>@,;:"()[\]\\]{1,255}$/u;
const NAMED = /^\s*(?:"((?:[^"\\]|\\.){0,200})"|([^"<>@,;:]{1,200}?))\s*<([^<>]+)>\s*$/u;

const EXPECTED = "expected one address, as 'ops@example.com' or 'Ops <ops@example.com>'";

/** One address, with or without a name. Line breaks and lists are refused: they forge headers. */
export const mailAddress: z.ZodType<MailAddress, string> = z
  .custom<string>((value) => typeof value === 'string' && parseAddress(value) !== undefined, {
    error: EXPECTED,
  })
  .transform((value) => parseAddress(value) ?? z.NEVER);

/** `"Ops" <ops@example.com>`. */
export function formatAddress({ address, name }: MailAddress): string {
  return name === undefined ? address : `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`;
}

function parseAddress(text: string): MailAddress | undefined {
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) return undefined;
  const bare = text.trim();
  if (ADDRESS.test(bare)) return { address: bare };
  const [, quoted, plain, address = ''] = NAMED.exec(text) ?? [];
  if (!ADDRESS.test(address)) return undefined;
  const name = (quoted?.replace(/\\(.)/gu, '$1') ?? plain ?? '').trim();
  return name === '' ? { address } : { address, name };
}
