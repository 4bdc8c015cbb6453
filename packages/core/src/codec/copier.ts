import { copyParts, copyValue } from './data-model.js';

type Clone = (value: object) => Record<string, unknown> | undefined;

/**
 * Copies messages of one kind, as `copyValue` does, at a third of the cost for those that are flat.
 *
 * **Details** The engine clones an object fast as long as it has met at most four shapes of objects at that place of the
 * program; beyond, it takes five times as long. All messages of an application pass through `copyValue`, so each kind of
 * message has a place of its own here, or shares it with few.
 *
 * **Gotchas** The places are written out one by one, since functions made by one piece of source share what the engine learns.
 */
export class Copier {
  readonly #clone = clones[made++ % clones.length] as Clone;

  /** @throws SF_UNSUPPORTED_VALUE */
  copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return copyValue(value);
    const clone = this.#clone(value);
    return clone === undefined ? copyValue(value) : copyParts(clone, value, undefined, 'message');
  }
}

let made = 0;
const plain = Object.prototype;
const prototypeOf = Object.getPrototypeOf;

/**
 * A clone of a plain object, `undefined` for anything else. Its constructor, which may be anything, decides nothing: but where
 * the engine has looked that up, it knows the shape, and with it the prototype, which otherwise costs more than the clone.
 */
const clones: readonly Clone[] = [
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
  (value) => (value.constructor === Object && prototypeOf(value) === plain ? { ...value } : undefined),
];
