import type { AnyAddress } from '../sdk/address.js';
import { isContract, type Operations } from '../sdk/contract.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { FunctionType } from '../sdk/function-type.js';

/** A function type or contract. */
type AnyType = AnyAddress['type'];

/**
 * Functions that the one under test sends to. All that is known of them is what the types it names tell: enough to check a
 * message as the real application would. An address that came in a message only tells its type's name.
 */
export class Strangers {
  readonly #types = new Map<string, AnyType>();

  learn(type: AnyType): void {
    if (this.#operationsOf(type.name) === undefined) this.#types.set(type.name, type);
  }

  definitionOf(name: string): FunctionDefinition {
    const typeOf = () => this.#types.get(name);
    const operationsOf = () => this.#operationsOf(name);
    return {
      get type() {
        return typeOf() ?? FunctionType.of<never>(name as `${string}/${string}`);
      },
      // Asked for when the function uses an operation: what was learned by then counts.
      get operations() {
        const operations = operationsOf();
        const type = typeOf();
        if (operations === undefined && type !== undefined && isContract(type)) throw unknownContract(name);
        return operations;
      },
      options: {},
      fields: [],
      create: () => ({}),
    };
  }

  #operationsOf(name: string): Operations | undefined {
    const type = this.#types.get(name);
    if (type === undefined || !isContract(type)) return undefined;
    return Object.keys(type.operations).length === 0 ? undefined : type.operations;
  }
}

function unknownContract(name: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_UNKNOWN_OPERATION',
    `the address of a ${name} came in a message or from state, which does not tell its operations. Name its contract in the options of the harness: { contracts: […] }.`,
  );
}
