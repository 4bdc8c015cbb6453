import type { Contract, Operations } from '../sdk/contract.js';
import { durationMs } from '../sdk/duration.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition, FunctionOptions } from '../sdk/function-definition.js';
import type { AnyFunctionType } from '../sdk/function-type.js';
import { type Constructor, fieldSpecsOf, functionSpec, functionSpecOf } from '../sdk/registry.js';
import type { ServiceContainer, Services } from '../sdk/service.js';

/**
 * The definition of a class marked `@StatefulFunction` or made by `defineFunction`, checked.
 *
 * @throws SF_NOT_DECORATED, SF_MISSING_HANDLER, SF_MISSING_METADATA, SF_UNBOUND_SERVICE, SF_INVALID_OPTION,
 * SF_INVALID_STATE_FIELD
 */
export function definitionOfClass(type: Constructor, services: ServiceContainer): FunctionDefinition {
  const spec = functionSpecOf(type);
  if (spec === undefined) {
    throw new StatefulFunctionsError(
      'SF_NOT_DECORATED',
      `a class given to bindFunctions is no function${membersOf(type)}. Mark it @StatefulFunction(type).`,
    );
  }
  const create = services.factoryOf(type, `the function ${spec.type.name}`);
  const prototype = type.prototype as object;
  // Handlers may be fields, which only an instance shows.
  if (missingHandler(prototype, spec.operations) !== undefined)
    checkHandlers(spec.type.name, create(), spec.operations);
  return checked({ ...spec, fields: fieldSpecsOf(prototype), create });
}

/**
 * The definition of a function that a factory makes; `undefined` if the factory knows no such function.
 *
 * @throws as `definitionOfClass`
 */
export function definitionOfFactory(
  type: AnyFunctionType | Contract<Operations>,
  factory: (services: Services) => object | undefined,
  services: Services,
  options?: FunctionOptions,
): FunctionDefinition | undefined {
  const sample = factory(services);
  if (sample === undefined) return undefined;
  const spec = functionSpec(type, options ?? functionSpecOf(sample.constructor as Constructor)?.options ?? {});
  checkHandlers(type.name, sample, spec.operations);
  // An `undefined` later is a broken promise of the factory, and shows at its first handler.
  const create = () => factory(services) as object;
  return checked({ ...spec, fields: fieldSpecsOf(sample), create });
}

function checked(definition: FunctionDefinition): FunctionDefinition {
  const { type, fields, options } = definition;
  checkOptions(type.name, options);
  const properties = new Map<string, string>();
  for (const { name, property } of fields) {
    const other = properties.get(name);
    if (other !== undefined) {
      throw new StatefulFunctionsError(
        'SF_INVALID_STATE_FIELD',
        `${type.name} stores both ${other} and ${property} under the name ${JSON.stringify(name)}. Give each its own.`,
      );
    }
    properties.set(name, property);
  }
  return definition;
}

function missingHandler(target: object, operations: Operations | undefined): string | undefined {
  const names = operations === undefined ? ['invoke'] : Object.keys(operations);
  return names.find((name) => typeof (target as Record<string, unknown>)[name] !== 'function');
}

function checkHandlers(typeName: string, target: object, operations: Operations | undefined): void {
  const missing = missingHandler(target, operations);
  if (missing === undefined) return;
  throw new StatefulFunctionsError(
    'SF_MISSING_HANDLER',
    `${typeName} has no handler ${missing}. Give its class a method ${missing}().`,
  );
}

function checkOptions(typeName: string, { timeout, retry = {} }: FunctionOptions): void {
  const { maxAttempts = 1, backoff = {} } = retry;
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    throw new StatefulFunctionsError(
      'SF_INVALID_OPTION',
      `retry.maxAttempts of ${typeName} is ${String(maxAttempts)}. Use 1 for no retry, or a larger whole number.`,
    );
  }
  const durations = { timeout, 'retry.backoff.initial': backoff.initial, 'retry.backoff.max': backoff.max };
  for (const [name, duration] of Object.entries(durations)) {
    if (duration === undefined) continue;
    try {
      durationMs(duration);
    } catch (cause) {
      const why = `${name} of ${typeName} is ${JSON.stringify(duration)}. Use milliseconds or a text such as 30s.`;
      throw new StatefulFunctionsError('SF_INVALID_OPTION', why, { cause });
    }
  }
}

/** What tells a class without a name of its own that survives minification. */
function membersOf(type: Constructor): string {
  const members = Object.getOwnPropertyNames(type.prototype as object).filter((name) => name !== 'constructor');
  return members.length === 0 ? '' : ` (it has ${members.join(', ')})`;
}
