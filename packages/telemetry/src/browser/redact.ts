import type { RedactKeys } from '../client/redact.ts';
import type { Replace } from './to-json.ts';

const REDACTED = '[Redacted]';

/** Wherever it is in a text, and in a URL that is the value of a parameter of another. */
const PARAMETER = /([?&#;]|%3f|%26)([^\s?&#;=%]+)(=|%3d)(?:[^\s?&#;"'<>%]|%(?!26|3f))*/gi;
const USER = /:\/\/[^\s/?#]*@/g;

/**
 * For the option `redact`: takes the values of these keys out of properties and context, at any
 * depth, and those of query parameters of these names out of texts, with the user and password of
 * URLs. A name stands for itself in any case, a pattern for each key in which it finds a part.
 */
export function redactKeys(keys: RedactKeys): Replace {
  const isSecret = (key: string): boolean =>
    keys.some((secret) =>
      typeof secret === 'string'
        ? secret.toLowerCase() === key.toLowerCase()
        : new RegExp(secret, 'i').test(key),
    );
  const scrub = (all: string, start: string, name: string, is: string): string =>
    // `user[password]=` and `user.password=` are the key password.
    name.split(/[[\].]/).some(isSecret) ? start + name + is + REDACTED : all;
  return (key, value) => {
    if (key && isSecret(key)) return REDACTED;
    if (typeof value !== 'string') return value;
    return value.replace(USER, `://${REDACTED}@`).replace(PARAMETER, scrub);
  };
}
