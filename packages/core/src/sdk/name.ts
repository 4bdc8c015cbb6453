import { StatefulFunctionsError } from './errors.js';

const form = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/**
 * Checks a `namespace/name`, the form of all names of function types, ingresses and egresses.
 *
 * @throws SF_INVALID_NAME
 */
export function checkName(what: string, name: string): string {
  if (typeof name !== 'string' || !form.test(name)) {
    throw new StatefulFunctionsError(
      'SF_INVALID_NAME',
      `${what} ${JSON.stringify(name)} must read namespace/name, each of letters, digits, '.', '_' and '-'. Rename it.`,
    );
  }
  return name;
}
