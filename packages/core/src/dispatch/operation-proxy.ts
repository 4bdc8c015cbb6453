import type { AnyAddress } from '../sdk/address.js';
import type { Operation, Operations } from '../sdk/contract.js';
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

// Symbols, because an operation may have any name.
const emitter = Symbol('emitter');
const target = Symbol('target');

type Proxy = { readonly [emitter]: Emit; readonly [target]: AnyAddress };
type ProxyClass = new (emit: Emit, to: AnyAddress) => Proxy;

const classes = new WeakMap<Operations, Map<ProxyKind, ProxyClass>>();

/**
 * An object with a method for each operation of one kind that the function behind `to` has.
 * Messages are checked against the operation's schema here, once.
 *
 * @param operations of the bound function, not of the address: one that was stored and read back only knows its type's name.
 * @throws SF_UNKNOWN_OPERATION for a function without operations.
 */
export function operationProxy(
  to: AnyAddress,
  operations: Operations | undefined,
  kind: ProxyKind,
  emit: Emit,
): object {
  if (operations === undefined) {
    throw new StatefulFunctionsError(
      'SF_UNKNOWN_OPERATION',
      `${to.type.name} is no contract and has no operations. Use send().`,
    );
  }
  let kinds = classes.get(operations);
  if (kinds === undefined) {
    kinds = new Map();
    classes.set(operations, kinds);
  }
  let made = kinds.get(kind);
  if (made === undefined) {
    made = makeClass(to.type.name, operations, kind);
    kinds.set(kind, made);
  }
  return new made(emit, to);
}

function makeClass(typeName: string, operations: Operations, kind: ProxyKind): ProxyClass {
  class OperationProxy implements Proxy {
    readonly [emitter]: Emit;
    readonly [target]: AnyAddress;

    constructor(emit: Emit, to: AnyAddress) {
      this[emitter] = emit;
      this[target] = to;
    }
  }
  for (const [name, operation] of Object.entries(operations)) {
    if (operation.kind !== operationKinds[kind]) continue;
    Object.defineProperty(OperationProxy.prototype, name, {
      // An ask without a payload is called with the reply target alone, as its first argument.
      value(this: Proxy, ...args: unknown[]) {
        const rest = kind === 'ask' ? args.pop() : undefined;
        const message = checkMessage(operation, args[0], `message to ${typeName}.${name}`);
        return this[emitter](this[target], name, message, rest);
      },
    });
  }
  return OperationProxy;
}

function checkMessage(operation: Operation, message: unknown, what: string): unknown {
  return operation.input === undefined ? message : validate(operation.input, message, what);
}
