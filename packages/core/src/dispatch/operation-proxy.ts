import type { AnyAddress } from '../sdk/address.js';
import type { Contract, Operation, Operations } from '../sdk/contract.js';
import { isContract } from '../sdk/contract.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { validate } from '../sdk/schema.js';

/** What a method of a proxy does: `rest` is what the caller passed behind the message. */
export type Emit = (to: AnyAddress, operation: string, message: unknown, rest: unknown) => unknown;

/**
 * Which operations a proxy has: those told, those asked with a `replyTo` behind the message, those asked or queried by a
 * client, which gets a promise instead.
 */
export type ProxyKind = 'send' | 'ask' | 'client-ask' | 'client-query';

const operationKinds = { send: 'send', ask: 'ask', 'client-ask': 'ask', 'client-query': 'query' } as const;

type Proxy = { readonly emit: Emit; readonly to: AnyAddress };
type ProxyClass = new (emit: Emit, to: AnyAddress) => Proxy;

const classes = new WeakMap<Operations, Map<ProxyKind, ProxyClass>>();

/**
 * An object with a method for each operation of one kind of the contract that `to` belongs to.
 * Messages are checked against the operation's schema here, once.
 */
export function operationProxy(to: AnyAddress, kind: ProxyKind, emit: Emit): object {
  if (!isContract(to.type)) {
    throw new StatefulFunctionsError('SF_UNKNOWN_OPERATION', `${to.type.name} is no contract and has no operations. Use send().`);
  }
  return new (classFor(to.type, kind))(emit, to);
}

function classFor(contract: Contract<Operations>, kind: ProxyKind): ProxyClass {
  let kinds = classes.get(contract.operations);
  if (kinds === undefined) {
    kinds = new Map();
    classes.set(contract.operations, kinds);
  }
  let made = kinds.get(kind);
  if (made === undefined) {
    made = makeClass(contract, kind);
    kinds.set(kind, made);
  }
  return made;
}

function makeClass(contract: Contract<Operations>, kind: ProxyKind): ProxyClass {
  class OperationProxy implements Proxy {
    constructor(
      readonly emit: Emit,
      readonly to: AnyAddress,
    ) {}
  }
  for (const [name, operation] of Object.entries(contract.operations)) {
    if (operation.kind !== operationKinds[kind]) continue;
    Object.defineProperty(OperationProxy.prototype, name, {
      // An ask without a payload is called with the reply target alone, as its first argument.
      value(this: Proxy, ...args: unknown[]) {
        const rest = kind === 'ask' ? args.pop() : undefined;
        const message = checkMessage(operation, args[0], `message to ${contract.name}.${name}`);
        return this.emit(this.to, name, message, rest);
      },
    });
  }
  return OperationProxy;
}

function checkMessage(operation: Operation, message: unknown, what: string): unknown {
  return operation.input === undefined ? message : validate(operation.input, message, what);
}
