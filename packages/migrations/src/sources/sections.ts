import { type Token, tokenize } from '../sql/lexer.ts';
import {
  type Convention,
  type DirectiveComment,
  MAY_HAVE_DIRECTIVES,
  readDirectiveComment,
  type SectionMarker,
} from './directive-comment.ts';
import type { Trouble } from './trouble.ts';

/** What a file's comments say about how to run it. */
export interface Sections {
  /** What is to be run: the text with spaces for all that lies in the other section. */
  readonly up: string;
  /** What takes it back, in the same way. Undefined when there is no statement in it. */
  readonly down: string | undefined;
  /** Whether markers part the file into sections. */
  readonly isSingleFile: boolean;
  /** Whose markers these are. Without sections, whose option was found first. */
  readonly convention: Convention | undefined;
  /** Of the up section. */
  readonly noTransaction: boolean;
  readonly isDownWithoutTransaction: boolean;
  readonly outOfOrder: boolean;
}

interface Placed<D extends DirectiveComment = DirectiveComment> {
  readonly directive: D;
  readonly token: Token;
}

/**
 * Reads the directives in a file's line comments. Those in block comments and in literals do not
 * count.
 *
 * @param text line ends as `\n` or `\r`.
 * @returns the first thing wrong, when there is one: an unknown directive, sections in a wrong order,
 * a statement that would be run in neither.
 */
export function readSections(text: string): Sections | Trouble {
  if (!MAY_HAVE_DIRECTIVES.test(text)) return assemble(text, [], [], undefined);
  const tokens = tokenize(text);
  const code = tokens.filter(isCode);
  const placed = tokens.flatMap((token): Placed[] => {
    if (token.kind !== 'comment' || !token.text.startsWith('--')) return [];
    const directive = readDirectiveComment(token.text, whatIsBefore(text, token.start));
    return directive === undefined ? [] : [{ directive, token }];
  });
  const markers = placed.filter(isMarker);
  const [only] = markers;
  const isComment =
    markers.length === 1 && only?.directive.section === 'down' && isEmpty(code, only);
  const sections = isComment ? [] : markers;
  return (
    commentTrouble(placed, code) ??
    markerTrouble(sections, code) ??
    bracketTrouble(placed) ??
    assemble(text, sections, placed, downOf(sections, code))
  );
}

function assemble(
  text: string,
  markers: readonly Placed<SectionMarker>[],
  placed: readonly Placed[],
  down: Placed<SectionMarker> | undefined,
): Sections {
  const options = placed.flatMap(({ directive }) =>
    directive.kind === 'option' ? [directive] : [],
  );
  const everywhere = options.some(({ option }) => option === 'no-transaction');
  const up = markers.find(({ directive }) => directive.section === 'up');
  return {
    up: up === undefined ? text : sectionText(text, up, markers),
    down: down && sectionText(text, down, markers),
    isSingleFile: markers.length > 0,
    convention: markers[0]?.directive.convention ?? options[0]?.convention,
    noTransaction: everywhere || up?.directive.noTransaction === true,
    isDownWithoutTransaction: everywhere || down?.directive.noTransaction === true,
    outOfOrder: options.some(({ option }) => option === 'out-of-order'),
  };
}

/** The down section, when there is something in it. Several tools' templates leave it empty. */
function downOf(
  markers: readonly Placed<SectionMarker>[],
  code: readonly Token[],
): Placed<SectionMarker> | undefined {
  const down = markers.find(({ directive }) => directive.section === 'down');
  const next = markers.find(({ token }) => down !== undefined && token.start > down.token.start);
  return down !== undefined && !isEmpty(code, down, next) ? down : undefined;
}

/** What single comments have wrong. */
function commentTrouble(placed: readonly Placed[], code: readonly Token[]): Trouble | undefined {
  const first = code[0]?.start ?? Number.POSITIVE_INFINITY;
  for (const { directive, token } of placed) {
    if (directive.kind === 'trouble') {
      return { offset: token.start, message: directive.message, hint: directive.hint };
    }
    if (directive.kind === 'option' && directive.isForTop && token.start > first) {
      return {
        offset: token.start,
        message: `"${token.text.trimEnd()}" stands below the first statement, where ${directive.convention} does not look for it`,
        hint: 'Move it to the top of the file, or remove it.',
      };
    }
  }
  return undefined;
}

/** What the markers have wrong between them. */
function markerTrouble(
  markers: readonly Placed<SectionMarker>[],
  code: readonly Token[],
): Trouble | undefined {
  const [first] = markers;
  if (first === undefined) return undefined;
  const others = markers.slice(1);
  const { convention, section } = first.directive;
  const stranger = others.find(({ directive }) => directive.convention !== convention);
  if (stranger !== undefined) {
    const message = `the sections begin with a marker of ${convention}, and this is one of ${stranger.directive.convention}`;
    return { offset: stranger.token.start, message, hint: 'Use the markers of one tool.' };
  }
  const second = others.find(({ directive }, at) =>
    markers.slice(0, at + 1).some((earlier) => earlier.directive.section === directive.section),
  );
  if (second !== undefined) {
    const message = `there is a second ${second.directive.section} section`;
    return { offset: second.token.start, message, hint: 'A file has one of each. Join them.' };
  }
  // node-pg-migrate takes them in any order; the others refuse this one, or were never asked.
  if (section === 'down' && (others.length === 0 || convention !== 'node-pg-migrate')) {
    return {
      offset: first.token.start,
      message: `the down section ${others.length === 0 ? 'is not preceded by an up section' : 'stands above the up section'}`,
      hint: `Put "${first.token.text.trimEnd().replace(/down/i, (word) => (word === 'down' ? 'up' : 'Up'))}" above the statements to run.`,
    };
  }
  const outside = code.find(({ start }) => start < first.token.start);
  if (outside === undefined) return undefined;
  return {
    offset: outside.start,
    message: 'this statement stands above the first section, so it would never run',
    hint: `Move it below "${first.token.text.trimEnd()}".`,
  };
}

/** Goose's brackets, each pair in one section. */
function bracketTrouble(placed: readonly Placed[]): Trouble | undefined {
  let open: Token | undefined;
  let isInSection = false;
  const hint =
    'Goose needs -- +goose StatementBegin and -- +goose StatementEnd in pairs, inside a section.';
  for (const { directive, token } of placed) {
    const offset = token.start;
    if (directive.kind === 'section') {
      if (open !== undefined) break;
      isInSection = true;
    } else if (directive.kind === 'bracket' && directive.edge === 'begin') {
      if (open !== undefined) return { offset, message: 'StatementBegin inside another one', hint };
      if (!isInSection) return { offset, message: 'StatementBegin outside the sections', hint };
      open = token;
    } else if (directive.kind === 'bracket') {
      if (open === undefined) return { offset, message: 'StatementEnd without a beginning', hint };
      open = undefined;
    }
  }
  return open && { offset: open.start, message: 'StatementBegin without an end', hint };
}

/** The text from a marker to the next one, with spaces for all before and after. */
function sectionText(
  text: string,
  { token }: Placed<SectionMarker>,
  markers: readonly Placed<SectionMarker>[],
): string {
  const next = markers.find((marker) => marker.token.start > token.start);
  const end = next?.token.start ?? text.length;
  return blank(text.slice(0, token.start)) + text.slice(token.start, end) + blank(text.slice(end));
}

/** Spaces for everything but line ends, so that offsets, lines and columns stay right. */
function blank(text: string): string {
  return text.replaceAll(/[^\n\r]+/g, (run) => ' '.repeat(run.length));
}

function isEmpty(code: readonly Token[], { token }: Placed, next?: Placed): boolean {
  return !code.some(
    ({ start, text }) =>
      text !== ';' && start > token.start && (next === undefined || start < next.token.start),
  );
}

function isMarker(placed: Placed): placed is Placed<SectionMarker> {
  return placed.directive.kind === 'section';
}

function isCode({ kind, isOpen }: Token): boolean {
  return kind !== 'space' && (kind !== 'comment' || isOpen);
}

function whatIsBefore(text: string, offset: number): 'nothing' | 'space' | 'code' {
  let at = offset;
  while (at > 0 && /[ \t\f\v]/.test(text[at - 1] ?? '')) at -= 1;
  if (at > 0 && !/[\n\r]/.test(text[at - 1] ?? '')) return 'code';
  return at === offset ? 'nothing' : 'space';
}
