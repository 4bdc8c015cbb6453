import { StatefulFunctionsError } from './errors.js';
import { checkName } from './name.js';

/** A class whose instances are values of the data model. */
export type SerializableClass = abstract new (...args: never[]) => object;

const classesByName = new Map<string, SerializableClass>();
const namesByPrototype = new WeakMap<object, string>();

/**
 * Lets instances of a class be messages and state: `@Serializable('ride/point') class Point { … }`.
 *
 * **Details** An instance is its own enumerable fields, each a value of the data model. A copy gets the class's
 * prototype and those fields; the constructor does not run. The name is stored with the value, so the class may be
 * renamed, but the name must stay.
 *
 * **Gotchas** `#private` fields are not copied, and methods that use them throw on a copy. A subclass needs its own
 * name.
 *
 * @throws SF_INVALID_NAME; SF_SERIALIZABLE if another class has the name, or the class has another name.
 */
export function Serializable(name: `${string}/${string}`): (target: SerializableClass) => void {
  checkName('serializable class', name);
  return (target) => {
    const other = classesByName.get(name);
    if (other !== undefined && other !== target) {
      throw new StatefulFunctionsError(
        'SF_SERIALIZABLE',
        `two classes are named ${name} by @Serializable. Give one of them another name, or load its file only once.`,
      );
    }
    const earlier = namesByPrototype.get(target.prototype);
    if (earlier !== undefined && earlier !== name) {
      throw new StatefulFunctionsError(
        'SF_SERIALIZABLE',
        `one class is named both ${earlier} and ${name} by @Serializable. Keep the name that stored values have.`,
      );
    }
    classesByName.set(name, target);
    namesByPrototype.set(target.prototype, name);
  };
}

/** The class of this name, if its file was loaded. */
export function serializableByName(name: string): SerializableClass | undefined {
  return classesByName.get(name);
}

/** The name of a class; `undefined` if it is not marked, even if a class it extends is. */
export function serializableByClass(type: SerializableClass): string | undefined {
  return namesByPrototype.get(type.prototype);
}

/** The name of the class whose instances have this prototype. */
export function serializableByPrototype(prototype: object): string | undefined {
  return namesByPrototype.get(prototype);
}
