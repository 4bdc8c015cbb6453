import { StatefulFunctionsError } from '../sdk/errors.js';

/** Deepest nesting of a value: deeper ones are mistakes, and would overflow the stack of whoever reads them. */
export const maxDepth = 500;

/**
 * The way from a value to one of its parts, so that a refusal can name the part.
 *
 * A link is made only for objects that hold other objects, and turned into text only when something is refused.
 */
export class Trail {
  readonly depth: number;

  constructor(
    readonly parent: Trail | undefined,
    /** Where the parent holds `value`; the name of the whole for the first link. */
    readonly key: unknown,
    readonly value: object,
  ) {
    this.depth = parent === undefined ? 1 : parent.depth + 1;
  }
}

/** @throws SF_UNSUPPORTED_VALUE always; `parent` and `key` say where. */
export function refuse(parent: Trail | undefined, key: unknown, what: string, fix: string): never {
  throw new StatefulFunctionsError('SF_UNSUPPORTED_VALUE', `${pathOf(parent, key)} is ${what}. ${fix}`);
}

/** Refuses what nests too deep, telling a cycle from depth. @throws SF_UNSUPPORTED_VALUE */
export function refuseDepth(parent: Trail): never {
  const links: Trail[] = [];
  for (let link: Trail | undefined = parent; link !== undefined; link = link.parent) links.unshift(link);
  for (const [index, link] of links.entries()) {
    const first = links.findIndex((earlier) => earlier.value === link.value);
    if (first === index) continue;
    const whole = links[first] as Trail;
    refuse(
      link.parent,
      link.key,
      `a reference back to ${pathOf(whole.parent, whole.key)}`,
      'Refer to it by an id instead.',
    );
  }
  const [top] = links;
  refuse(undefined, top?.key, `nested deeper than ${maxDepth} levels`, 'Flatten it.');
}

function pathOf(parent: Trail | undefined, key: unknown): string {
  if (parent === undefined) return String(key);
  return `${pathOf(parent.parent, parent.key)}${stepOf(parent.value, key)}`;
}

function stepOf(holder: object, key: unknown): string {
  if (holder instanceof Map)
    return `.get(${typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? '…' : String(key)})`;
  if (typeof key !== 'string') return `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
