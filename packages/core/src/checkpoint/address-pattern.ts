import { StatefulFunctionsError } from '../sdk/errors.js';
import { addressRange, stateRange, typeRange } from '../state/key.js';
import { keyGroupOf } from '../state/key-group.js';

/** A stretch of keys: [from, to). */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** What a part of a pattern is made of: a text as it is, or anything. */
type Piece = string | typeof anything;
const anything: unique symbol = Symbol('*');

/**
 * Which addresses are meant: `namespace/name/id`, with `*` for any characters.
 *
 * A `*` in namespace or name does not reach over a slash. The id is all behind the second slash, and may hold slashes itself; there
 * a `*` stands for anything. A backslash takes the next character as it is (`\*`, `\\`), and `\u{0}` is the character with that
 * number in hexadecimal digits, for those that nobody can type. `quote` writes the pattern of one address.
 */
export class AddressPattern {
  /** The type, where the pattern names one. */
  readonly type: string | undefined;
  readonly #id: string | undefined;
  readonly #typeForm: RegExp;
  readonly #idForm: RegExp;

  private constructor(type: readonly Piece[], id: readonly Piece[]) {
    this.type = exactly(type);
    this.#id = exactly(id);
    this.#typeForm = formOf(type, '[^/]*');
    this.#idForm = formOf(id, '.*');
  }

  /** @throws SF_INVALID_NAME */
  static parse(pattern: string): AddressPattern {
    const [namespace, name, id] = split(pattern);
    if (namespace === '' || name === undefined || name === '' || id === undefined || id === '') {
      throw invalid(pattern, 'does not read namespace/name/id');
    }
    return new AddressPattern(
      [...piecesOf(namespace as string, pattern), '/', ...piecesOf(name, pattern)],
      piecesOf(id, pattern),
    );
  }

  /** The pattern that only one address matches. */
  static quote(type: string, id: string): string {
    const quoted = id.replaceAll(/[\\*]|\p{Cc}/gu, (character) => {
      return character < ' ' || character > '~' ? `\\u{${character.codePointAt(0)?.toString(16)}}` : `\\${character}`;
    });
    return `${type}/${quoted}`;
  }

  matches(type: string, id: string): boolean {
    return this.#typeForm.test(type) && this.#idForm.test(id);
  }

  /** Where the keys of all state are that may match, in ascending order. */
  *ranges(maxParallelism: number): Generator<KeyRange, void, undefined> {
    if (this.type !== undefined && this.#id !== undefined) {
      yield addressRange(keyGroupOf(this.#id, maxParallelism), this.type, this.#id);
      return;
    }
    for (let keyGroup = 0; keyGroup < maxParallelism; keyGroup += 1) {
      yield this.type === undefined ? stateRange(keyGroup) : typeRange(keyGroup, this.type);
    }
  }
}

/** At the first two slashes; what is behind a backslash cannot be in a name. */
function split(pattern: string): [string | undefined, string | undefined, string | undefined] {
  const [, namespace, name, id] = /^([^/]*)\/([^/]*)\/(.*)$/s.exec(pattern) ?? [];
  return [namespace, name, id];
}

function piecesOf(text: string, pattern: string): Piece[] {
  const pieces: Piece[] = [];
  for (const [token, code, character] of text.matchAll(/\\u\{([0-9a-fA-F]{1,6})\}|\\(.)|./gsu)) {
    if (token === '*') pieces.push(anything);
    else if (code !== undefined) pieces.push(characterOf(Number.parseInt(code, 16), pattern));
    else if (token === '\\') throw invalid(pattern, 'ends with a backslash that quotes nothing');
    else pieces.push(character ?? token);
  }
  return pieces;
}

function characterOf(code: number, pattern: string): string {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  if (code > 0x10ffff || isSurrogate) throw invalid(pattern, `has no character of number ${code.toString(16)}`);
  return String.fromCodePoint(code);
}

/** The text that pieces without a star stand for. */
function exactly(pieces: readonly Piece[]): string | undefined {
  return pieces.includes(anything) ? undefined : pieces.join('');
}

function formOf(pieces: readonly Piece[], star: string): RegExp {
  const source = pieces.map((piece) => (piece === anything ? star : literal(piece as string))).join('');
  return new RegExp(`^${source}$`, 'su');
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function invalid(pattern: string, why: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `the pattern ${JSON.stringify(pattern)} ${why}. Write namespace/name/id, with * for any characters, and \\* for a star.`,
  );
}
