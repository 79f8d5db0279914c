import type { Word } from './words.ts';

/** What HTTP, exit codes and SQLSTATE look like. */
const HTTP_STATUS = /^[1-5]\d\d$/;
const SMALL = /^-?\d{1,3}$/;
const SQLSTATE = /^[\dA-Z]{5}$/;

/** Before a status: `status 404`, `statusCode: 404`, `http_status=404`, `HTTP/1.1 404`. */
const STATUS_WORD =
  /(?:^|[._-])(?:http|https|http\/\d(?:\.\d)?|(?:http)?status|(?:status|response|error)?code)$/i;
/** Before a bare 404. */
const ANSWER = /^(?:answered|rejected|replied|responded)$/i;
/** The same, unless a word follows: `returned 200 rows` counts something. */
const OUTCOME = /^(?:failed|response|returned|refused)$/i;
const METHOD = /^(?:CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY|TRACE)$/;
/** First words of the reasons of RFC 9110: `404 Not Found`. */
const REASON =
  /^(?:Accepted|Bad|Conflict|Created|Found|Forbidden|Gateway|Gone|HTTP|Internal|Method|Moved|No|Not|OK|Payload|Payment|Precondition|Proxy|Request|See|Service|Temporary|Too|Unauthorized|Unprocessable|Unsupported)$/;

/** How far after its method a status is looked for: `GET /pay HTTP/1.1" 404`. */
const METHOD_REACH = 3;

/**
 * Whether the word is a number that says what happened: a 404 is not a 500, nor exit code 1 a 137.
 * Judged by what stands around it, since `took 404 ms` and `500 rows` are data.
 */
export function isStatus(words: readonly Word[], at: number): boolean {
  const { text, before } = words[at] as Word;
  const first = text.charCodeAt(0);
  // Most words begin with a small letter.
  if (first > 90) return false;
  const [last = '', earlier = ''] = [words[at - 1]?.text, words[at - 2]?.text];
  if (SQLSTATE.test(text) && /^sqlstate$/i.test(last)) return true;
  if (!SMALL.test(text)) return false;
  if (/^(?:errno|signal|exit[_-]?code)$/i.test(last)) return true;
  const isExit = /^exit(?:ed)?$/i.test(earlier) || /^exit(?:ed)?$/i.test(words[at - 3]?.text ?? '');
  if (isExit && /^(?:code|status|with)$/i.test(last)) return true;
  return HTTP_STATUS.test(text) && isHttp(words, at, { last, earlier, before });
}

interface Around {
  readonly last: string;
  readonly earlier: string;
  readonly before: string;
}

function isHttp(words: readonly Word[], at: number, { last, earlier, before }: Around): boolean {
  if (STATUS_WORD.test(last)) return true;
  const next = words[at + 1];
  if (next !== undefined && (REASON.test(next.text) || METHOD.test(next.text))) return true;
  const verb = /^with$/i.test(last) ? earlier : last;
  if (ANSWER.test(verb)) return true;
  if (OUTCOME.test(verb)) return next === undefined || next.before !== ' ';
  const code = (words[at] as Word).text;
  if (before.endsWith('(') && next?.before.startsWith(')') !== false && code >= '400') return true;
  return isAfterMethod(words, at);
}

/** The first number after the method and its target. */
function isAfterMethod(words: readonly Word[], at: number): boolean {
  for (let back = 2; back <= METHOD_REACH; back += 1) {
    if (METHOD.test(words[at - back]?.text ?? '')) {
      return back === 2 || !HTTP_STATUS.test(words[at - 1]?.text ?? '');
    }
  }
  return false;
}
