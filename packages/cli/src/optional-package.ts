import { StatefulFunctionsError } from '@stateful-functions/core';

/**
 * A package that only some need. It is loaded when it is asked for, so that `sf` works without.
 *
 * @throws SF_MISSING_PACKAGE
 */
export async function optionalPackage<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const isMissing =
      cause instanceof Error &&
      'code' in cause &&
      cause.code === 'ERR_MODULE_NOT_FOUND' &&
      cause.message.includes(`'${name}'`);
    if (!isMissing) throw cause;
    throw new StatefulFunctionsError(
      'SF_MISSING_PACKAGE',
      `${purpose} needs the package ${name}. Run npm install ${name}.`,
      { cause },
    );
  }
}
