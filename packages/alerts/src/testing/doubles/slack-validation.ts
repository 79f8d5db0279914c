import { isObject } from './double.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * All blocks together as JSON. Slack does not document it; it was seen to refuse messages from about
 * 13,200 characters.
 */
const MAX_TOTAL_LENGTH = 13_200;
const MAX_TEXT_LENGTH = 40_000;

const CHECKS: Readonly<Record<string, (block: Fields) => boolean>> = {
  header: ({ text }) => isText(text, 150, 'plain_text'),
  divider: () => true,
  section({ text, fields, accessory }) {
    if (text === undefined && fields === undefined) return false;
    const hasText = text === undefined || isText(text, 3_000);
    const hasFields =
      fields === undefined || isList(fields, 1, 10, (field) => isText(field, 2_000));
    return hasText && hasFields && (accessory === undefined || isElement(accessory));
  },
  context: ({ elements }) =>
    isList(elements, 1, 10, (element) => isText(element, 3_000) || isImage(element)),
  actions: ({ elements }) => isList(elements, 1, 25, isElement),
  image: (block) => isImage(block),
};

/**
 * What Slack would say against the message: the word of its error, or undefined when it takes it.
 *
 * @see https://docs.slack.dev/reference/block-kit/blocks
 */
export function slackFault(message: Fields): string | undefined {
  const { text, blocks, attachments } = message;
  if (text !== undefined && typeof text !== 'string') return 'invalid_payload';
  if (typeof text === 'string' && text.length > MAX_TEXT_LENGTH) return 'msg_too_long';
  if (attachments !== undefined && !Array.isArray(attachments)) return 'invalid_payload';
  if (Array.isArray(attachments) && attachments.length > 100) return 'too_many_attachments';
  const hasBlocks = Array.isArray(blocks) && blocks.length > 0;
  if (!hasBlocks && !attachments && (text === undefined || text.trim() === '')) return 'no_text';
  if (blocks === undefined) return undefined;
  if (!isList(blocks, 0, 50, isBlock)) return 'invalid_blocks';
  return JSON.stringify(blocks).length > MAX_TOTAL_LENGTH ? 'msg_blocks_too_long' : undefined;
}

/**
 * Whom the message would call: `!channel`, `!here`, `@U123`, `!subteam^S1`. Looked for in every
 * markup, and, where Slack would look for them by itself (not `verbatim`), as plain `@channel` too.
 */
export function mentionsIn(message: Fields): readonly string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (isObject(value)) {
      if (value['type'] === 'mrkdwn' && typeof value['text'] === 'string') {
        found.push(...mentions(value['text'], value['verbatim'] !== true));
      } else for (const item of Object.values(value)) visit(item);
    }
  };
  visit(message['blocks']);
  if (typeof message['text'] === 'string') {
    found.push(...mentions(message['text'], message['link_names'] === true));
  }
  return found;
}

function mentions(text: string, isParsed: boolean): string[] {
  const marked = [...text.matchAll(/<([!@](?!date\^)[^>|]*)(?:\|[^>]*)?>/g)];
  const plain = isParsed ? [...text.matchAll(/(?<![\w@])(@(?:channel|here|everyone))\b/gi)] : [];
  return [...marked, ...plain].map(([, name = '']) => name);
}

function isBlock(block: unknown): boolean {
  if (!isObject(block) || typeof block['type'] !== 'string') return false;
  const id = block['block_id'];
  if (id !== undefined && !isString(id, 1, 255)) return false;
  return Object.hasOwn(CHECKS, block['type']) && CHECKS[block['type']]?.(block) === true;
}

function isElement(element: unknown): boolean {
  if (!isObject(element)) return false;
  if (element['type'] === 'image') return isImage(element);
  if (element['type'] !== 'button') return false;
  const { text, url, value, action_id: action } = element;
  return (
    isText(text, 75, 'plain_text') &&
    (url === undefined || isString(url, 1, 3_000)) &&
    (value === undefined || isString(value, 1, 2_000)) &&
    (action === undefined || isString(action, 1, 255))
  );
}

function isImage(block: unknown): boolean {
  return (
    isObject(block) &&
    block['type'] === 'image' &&
    isString(block['image_url'], 1, 3_000) &&
    isString(block['alt_text'], 1, 2_000)
  );
}

function isText(value: unknown, maxLength: number, type?: 'plain_text'): boolean {
  if (!isObject(value) || !isString(value['text'], 1, maxLength)) return false;
  if (value['type'] === 'plain_text') return value['verbatim'] === undefined;
  return value['type'] === 'mrkdwn' && type === undefined && value['emoji'] === undefined;
}

function isList(
  value: unknown,
  minCount: number,
  maxCount: number,
  check: (item: unknown) => boolean,
): boolean {
  return (
    Array.isArray(value) &&
    value.length >= minCount &&
    value.length <= maxCount &&
    value.every(check)
  );
}

function isString(value: unknown, minLength: number, maxLength: number): value is string {
  return typeof value === 'string' && value.length >= minLength && value.length <= maxLength;
}
