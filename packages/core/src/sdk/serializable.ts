import { StatefulFunctionsError } from './errors.js';

type Class = abstract new (...args: never[]) => object;

const byName = new Map<string, Class>();
const byClass = new Map<Class, string>();

/**
 * Lets instances of a class travel in messages and be kept in state, under a name that outlives renames of the class.
 *
 * What travels is the instance's own enumerable fields; a copy gets the class's prototype, and its constructor does not run.
 *
 * @throws SF_SERIALIZABLE if another class has the name.
 */
export function Serializable(name: string): (constructor: Class) => void {
  return (constructor) => {
    const other = byName.get(name);
    if (other !== undefined && other !== constructor) {
      throw new StatefulFunctionsError('SF_SERIALIZABLE', `two classes are @Serializable(${JSON.stringify(name)}). Give each its own name.`);
    }
    byName.set(name, constructor);
    byClass.set(constructor, name);
  };
}

/** The name of a serializable class; `undefined` for any other. */
export function serializableName(constructor: unknown): string | undefined {
  return byClass.get(constructor as Class);
}

/** @throws SF_SERIALIZABLE if no class has the name. */
export function serializableClass(name: string): Class {
  const found = byName.get(name);
  if (found !== undefined) return found;
  throw new StatefulFunctionsError(
    'SF_SERIALIZABLE',
    `a value of the class ${JSON.stringify(name)} was stored or sent, but no class is @Serializable under that name. Import the class before the application starts.`,
  );
}
