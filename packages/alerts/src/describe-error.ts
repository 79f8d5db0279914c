/** Beyond this nothing of a message is looked at. */
const MAX_LENGTH = 1_000;
const MAX_NAME_LENGTH = 60;
const MAX_WORD_LENGTH = 200;

/**
 * The name and message of whatever was thrown, and those of its `cause`, at most 1,000 characters each:
 * `TypeError: fetch failed (Error: connect ECONNREFUSED 10.0.0.1:443)`. Never throws, and takes bounded
 * time as far as that is ours to say (a getter may do as it likes): reads a few properties, never the
 * stack (formatting 10,000 frames takes milliseconds), calls no `toString`.
 */
export function describeError(error: unknown): string {
  try {
    if (typeof error === 'string') return bounded(error);
    if (typeof error === 'bigint' || typeof error === 'symbol')
      return `A ${typeof error} was thrown`;
    if (error === null || (typeof error !== 'object' && typeof error !== 'function')) {
      return `${String(error)} was thrown`;
    }
    const text = nameAndMessage(error);
    const cause = causeOf(error);
    if (text === '' || cause === '') return copied(text || cause || 'An object without a message');
    return copied(`${text} (${cause})`);
  } catch {
    return 'An error that cannot be read';
  }
}

/** Its code where there is no message, as in the `AggregateError` of a refused connection. */
function nameAndMessage(error: object): string {
  const { name, message, code } = error as Readonly<Record<string, unknown>>;
  const kind = typeof name === 'string' ? cut(name, MAX_NAME_LENGTH) : '';
  const text = [message, code].find((each) => typeof each === 'string' && each !== '');
  if (typeof text !== 'string') return kind;
  return kind === '' ? cut(text, MAX_LENGTH) : `${kind}: ${cut(text, MAX_LENGTH)}`;
}

/** One level: enough for what wraps, such as `fetch failed`. Its absence costs nothing. */
function causeOf(error: object): string {
  try {
    const { cause } = error as { readonly cause?: unknown };
    if (typeof cause === 'string') return cut(cause, MAX_LENGTH);
    return typeof cause === 'object' && cause !== null ? nameAndMessage(cause) : '';
  } catch {
    return '';
  }
}

function bounded(text: string): string {
  return copied(cut(text, MAX_LENGTH));
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${wholeWords(text.slice(0, maxLength))}…` : text;
}

/**
 * The same text in memory of its own: V8 lets a substring point into its parent, so a string of
 * megabytes would be kept alive by its first thousand characters.
 */
function copied(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * Without the word that the cut went through: half a secret may no longer be recognised as one.
 * A word of over 200 characters stays: its beginning is enough to recognise it by.
 */
function wholeWords(head: string): string {
  for (let end = head.length; end > head.length - MAX_WORD_LENGTH && end > 0; end -= 1) {
    if (head[end - 1] === ' ' || head[end - 1] === '\n') return head.slice(0, end);
  }
  return head;
}
