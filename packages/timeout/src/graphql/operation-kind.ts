/** What a document asks for. */
type OperationKind = 'query' | 'mutation' | 'subscription';

/** One operation of a document. */
export interface DocumentOperation {
  readonly kind: OperationKind;
  /** Absent when the document gives it none. */
  readonly name: string | undefined;
  /**
   * Whether each of its outermost fields has the directive `@idempotent`, by which Shopify takes a
   * key. One field without it can be carried out twice.
   */
  readonly isKeyed: boolean;
}

// One token: blanks, commas and comments; block strings; strings; names with what may stand before
// them; or any other character. No alternative can begin where another could go on, so the time is
// linear in the length of the document.
const TOKEN =
  /[\s,\uFEFF]+|#[^\n\r]*|"""(?:\\"""|(?!""")[^])*(?:""")?|"(?:[^"\\\n\r]|\\.)*"?|[$@]?[_A-Za-z][_0-9A-Za-z]*|[^]/g;
const SKIPPED = /^[\s,\uFEFF#"]/;
const NAME = /^[_A-Za-z]/;
const OPENING = '{([';
const CLOSING = '})]';

interface Found {
  kind: OperationKind;
  name: string | undefined;
  fieldCount: number;
  keyCount: number;
}

/**
 * Finds the operations of a GraphQL document without parsing the rest: comments, strings, and
 * fragments before or between them are passed over. Of a malformed document it gives what it finds;
 * refusing it is the server's part.
 */
export function operationsOf(document: string): readonly DocumentOperation[] {
  const found: Found[] = [];
  let part: 'top' | 'header' | 'selection' = 'top';
  let operation: Found | undefined; // of the current part; none in a fragment
  let depth = 0;
  let previous = '';
  for (const [token] of document.matchAll(TOKEN)) {
    if (SKIPPED.test(token)) continue;
    if (part === 'top') {
      if (token === '{') found.push((operation = begin('query')));
      else if (isKind(token)) found.push((operation = begin(token)));
      else operation = undefined;
      if (NAME.test(token)) part = 'header';
      else if (token === '{') part = 'selection';
    } else if (part === 'header') {
      if (operation?.kind === previous && depth === 0 && NAME.test(token)) operation.name ??= token;
      // Braces inside of parentheses are default values.
      if (token === '{' && depth === 0) part = 'selection';
    } else if (depth === 1 && operation !== undefined) {
      if (NAME.test(token) && previous !== ':') operation.fieldCount += 1;
      if (token === '@idempotent') operation.keyCount += 1;
      // A fragment is spread here, whose fields are elsewhere.
      if (token === '.') operation.fieldCount = Number.POSITIVE_INFINITY;
    }
    if (OPENING.includes(token)) depth += 1;
    if (CLOSING.includes(token)) depth = Math.max(0, depth - 1);
    if (part === 'selection' && depth === 0) part = 'top';
    previous = token;
  }
  return found.map(({ kind, name, fieldCount, keyCount }) => ({
    kind,
    name,
    isKeyed: fieldCount > 0 && fieldCount === keyCount,
  }));
}

function begin(kind: OperationKind): Found {
  return { kind, name: undefined, fieldCount: 0, keyCount: 0 };
}

function isKind(token: string): token is OperationKind {
  return token === 'query' || token === 'mutation' || token === 'subscription';
}

/**
 * Whether carrying the operation out twice does no harm: a query, or a mutation that holds a key for
 * each of its fields. Without a name all operations of the document have to be so.
 */
export function isHarmlessToRepeat(document: string, operationName: string | undefined): boolean {
  const candidates = operationsOf(document).filter(
    ({ name }) => operationName === undefined || name === operationName,
  );
  return (
    candidates.length > 0 &&
    candidates.every(({ kind, isKeyed }) => kind === 'query' || (kind === 'mutation' && isKeyed))
  );
}
