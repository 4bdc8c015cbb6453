import { StatefulFunctionsError } from './errors.js';
import { refuseStandardDecorator, registerField } from './registry.js';
import type { PersistedOptions } from './state-field.js';

/**
 * Makes a field of a function class durable: a plain field, or a `PersistedValue`, `PersistedMap` or `PersistedList`.
 *
 * **Details**
 * The field stays an ordinary field. The runtime puts the stored value in before an invocation, and stores what it
 * holds after it; the value of the initializer is that of an address without state. Fields are inherited; a subclass
 * may declare one again with other options.
 *
 * **Gotchas**
 * A field without `@Persisted()` is a cache: it lives until the instance is passivated or a handler throws.
 *
 * @throws SF_DECORATOR on anything but a field of an instance; SF_INVALID_STATE_FIELD for options that cannot work.
 */
export function Persisted<T = unknown>(
  options: PersistedOptions<T> = {},
): (prototype: object, property: string | symbol) => void {
  // biome-ignore lint/complexity/noArguments: tells @Persisted from @Persisted(), which the parameters cannot.
  if (arguments.length > 1) refuseBareUse(arguments[1]);
  return (prototype: object, property: string | symbol, descriptor?: PropertyDescriptor) => {
    refuseStandardDecorator('Persisted', property);
    if (typeof prototype === 'function') throw misuse(property, 'is static, and so belongs to no address');
    if (descriptor !== undefined) throw misuse(property, 'is a method or an accessor');
    const name = options.name ?? property;
    if (typeof property === 'symbol' || typeof name !== 'string' || name.length === 0 || !name.isWellFormed()) {
      throw invalid(
        property,
        `cannot be stored under the name ${String(name)}. Use a property and a name that are texts.`,
      );
    }
    const { version = 1 } = options;
    if (!Number.isSafeInteger(version) || version < 1) {
      throw invalid(property, `has the version ${String(version)}. Use 1, 2, 3, …`);
    }
    registerField(prototype, { property, name, options });
  };
}

/** Reports `@Persisted` without parentheses, where a decorator's own arguments arrive as options. */
function refuseBareUse(second: unknown): never {
  refuseStandardDecorator('Persisted', second);
  throw new StatefulFunctionsError(
    'SF_DECORATOR',
    `the field ${String(second)} is marked @Persisted. Write @Persisted(), with parentheses.`,
  );
}

function misuse(property: string | symbol, why: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_DECORATOR',
    `${String(property)} ${why}. Use @Persisted() on fields of instances.`,
  );
}

function invalid(property: string | symbol, why: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_INVALID_STATE_FIELD', `the persisted field ${String(property)} ${why}`);
}
