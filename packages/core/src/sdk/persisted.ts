import { StatefulFunctionsError } from './errors.js';
import { registry } from './registry.js';
import type { PersistedOptions } from './state-field.js';

/**
 * Makes a field of a function class durable: `@Persisted() seen = 0`, or `@Persisted() readonly visits = PersistedMap.of()`.
 *
 * What the field holds when a handler ends is what is kept. If the handler throws, the change is undone.
 *
 * @throws SF_INVALID_STATE_FIELD for a private `#field`, a static one, or under stage-3 decorators.
 */
export function Persisted<T = unknown>(options: PersistedOptions<T> = {}): (target: object, property: string | symbol) => void {
  return (target, property) => {
    if (typeof property !== 'string' || typeof target === 'function' || target === undefined || property.startsWith('#')) {
      throw new StatefulFunctionsError(
        'SF_INVALID_STATE_FIELD',
        '@Persisted() stands on a static field, a #private field or a symbol, or is compiled as a standard decorator. ' +
          'Use an ordinary field with a name, and compile with "experimentalDecorators".',
      );
    }
    registry.addField(target, { property, name: options.name ?? property, options });
  };
}
