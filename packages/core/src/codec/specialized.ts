import { copyField, isPrimitive } from './data-model.js';

/**
 * Functions made for the very fields of one class, or of one kind of message, as a programmer would write them by hand.
 *
 * A field whose name is in a variable takes the engine some thirty times the instructions of one whose name is in the program, once
 * it has met more than four shapes of objects at that place; and every message passes these places several times.
 *
 * **Details** Names get into programs as JSON, and nothing else does. Where a process forbids programs from texts
 * (`--disallow-code-generation-from-strings`), there are none, and the caller's loop does the same.
 */

/** Knows the fields of a class. */
export interface FieldAccess {
  /** Puts their values into `into`, in the order of their names. */
  read(object: object, into: unknown[]): void;
  /** Whether they hold what `read` has found, by `Object.is`; `undefined` if one holds an object. */
  isUnchanged(object: object, found: readonly unknown[]): boolean | undefined;
}

/** Access to fields with these names. */
export function fieldAccess(names: readonly string[]): FieldAccess {
  const fields = names.map((name) => `object[${JSON.stringify(name)}]`);
  const reads = fields.map((field, index) => `into[${index}] = ${field};`);
  const read = programOf<FieldAccess['read']>({}, 'object, into', reads.join('\n'));
  const parts = fields.map((field, index) => `const part${index} = ${field};`);
  const equals = fields.map((_, index) => `Object.is(part${index}, found[${index}])`);
  const compare = `${parts.join('\n')}
    ${fields.map((_, index) => `if (${isObject(`part${index}`)}) return undefined;`).join('\n')}
    return ${equals.join(' && ') || true};`;
  const isUnchanged = programOf<FieldAccess['isUnchanged']>({ isPrimitive }, 'object, found', compare);
  return read === undefined || isUnchanged === undefined ? new FieldLoops(names) : { read, isUnchanged };
}

class FieldLoops implements FieldAccess {
  constructor(private readonly names: readonly string[]) {}

  read(object: object, into: unknown[]): void {
    for (const [index, name] of this.names.entries()) into[index] = (object as Record<string, unknown>)[name];
  }

  isUnchanged(object: object, found: readonly unknown[]): boolean | undefined {
    const values: unknown[] = [];
    this.read(object, values);
    if (!values.every(isPrimitive)) return undefined;
    return values.every((value, index) => Object.is(value, found[index]));
  }
}

/** A copy of a plain object that has certain keys in a certain order; `undefined` for anything else. It throws what `copyValue` does. */
export type PlainCopy = (value: object) => object | undefined;

const mostKeys = 16;

/** What copies objects with these keys; `undefined` if nothing can. */
export function plainCopy(keys: readonly string[]): PlainCopy | undefined {
  // In a literal, this key would be the prototype.
  if (keys.length > mostKeys || keys.includes('__proto__')) return undefined;
  const names = keys.map((key) => JSON.stringify(key));
  // A constructor may be anything, and decides nothing: but where the engine has looked it up, it knows the prototype too.
  const body = `
    if (value.constructor !== Object || prototypeOf(value) !== plain) return undefined;
    let count = 0;
    for (const key in value) {
      switch (count++) {
        ${names.map((name, index) => `case ${index}: if (key !== ${name}) return undefined; break;`).join('\n')}
      }
    }
    if (count !== ${keys.length}) return undefined;
    ${names.map((name, index) => `let part${index} = value[${name}];`).join('\n')}
    ${names.map((name, index) => `if (${isObject(`part${index}`)}) part${index} = copyField(part${index}, ${name}, value);`).join('\n')}
    return { ${names.map((name, index) => `${name}: part${index}`).join(', ')} };`;
  const given = { plain: Object.prototype, prototypeOf: Object.getPrototypeOf, isPrimitive, copyField };
  return programOf<PlainCopy>(given, 'value', body);
}

/** Whether a part is no primitive. Numbers and texts are what most are, and what is told soonest. */
function isObject(part: string): string {
  return `typeof ${part} !== 'number' && typeof ${part} !== 'string' && !isPrimitive(${part})`;
}

/** A function with this body, which finds what it is given by name; `undefined` where programs from texts are forbidden. */
function programOf<F>(given: Readonly<Record<string, unknown>>, parameters: string, body: string): F | undefined {
  try {
    const make = new Function(...Object.keys(given), `'use strict';\nreturn (${parameters}) => {${body}};`);
    return make(...Object.values(given)) as F;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
