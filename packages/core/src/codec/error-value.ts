import { serializableByPrototype } from '../sdk/serializable.js';

const builtins = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError };

/** The name of a built-in error class. */
export type ErrorKind = keyof typeof builtins;

const kindByPrototype = new Map<object, ErrorKind>(
  Object.entries(builtins).map(([kind, type]) => [type.prototype, kind as ErrorKind]),
);

/** The properties that make an Error what it is. Others are not part of its value: libraries keep sockets there. */
const properties = ['name', 'message', 'stack', 'cause', 'code', 'errors'] as const;

type Fields = Record<string, unknown>;

/** An Error taken apart; `hidden` are its properties that are not enumerable, as `message` and `stack` are. */
export interface ErrorParts {
  readonly kind: ErrorKind;
  readonly hidden: Fields;
  readonly shown: Fields;
  /** The name of its class, if that is @Serializable; then all enumerable fields are part of it. */
  readonly className: string | undefined;
}

/**
 * Takes an Error apart.
 *
 * An error of a class that is neither built in nor @Serializable becomes one of the built-in class it extends, and
 * keeps its `name`: a handler must be able to report what it caught, whichever library threw it.
 */
export function errorParts(error: Error): ErrorParts {
  const prototype: object = Object.getPrototypeOf(error);
  const className = serializableByPrototype(prototype);
  const kind = kindOf(prototype);
  const hidden: Fields = {};
  const shown: Fields = className === undefined ? {} : { ...error };
  const inherits = className === undefined ? builtins[kind].prototype : error; // What its copy will inherit anyway.
  for (const property of properties) {
    const value: unknown = Reflect.get(error, property);
    if (!Object.hasOwn(error, property) && value === Reflect.get(inherits, property)) continue;
    if (property === 'stack' && typeof value !== 'string') continue; // Error.prepareStackTrace makes what it likes.
    (Object.prototype.propertyIsEnumerable.call(error, property) ? shown : hidden)[property] = value;
  }
  return { kind, hidden, shown, className };
}

/** Puts an Error together; the opposite of `errorParts`. `prototype` is that of a @Serializable class. */
export function makeError(kind: ErrorKind, hidden: Fields, shown: Fields, prototype: object | undefined): Error {
  const error = kind === 'AggregateError' ? new AggregateError([]) : new builtins[kind]();
  Reflect.deleteProperty(error, 'stack');
  Reflect.deleteProperty(error, 'errors');
  for (const [key, value] of Object.entries(hidden)) define(error, key, value, false);
  for (const [key, value] of Object.entries(shown)) define(error, key, value, true);
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  return error;
}

/** Whether a stored text names a built-in error class. */
export function isErrorKind(kind: unknown): kind is ErrorKind {
  return typeof kind === 'string' && Object.hasOwn(builtins, kind);
}

function kindOf(prototype: object): ErrorKind {
  for (let each: object | null = prototype; each !== null; each = Object.getPrototypeOf(each)) {
    const kind = kindByPrototype.get(each);
    if (kind !== undefined) return kind;
  }
  return 'Error';
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}
