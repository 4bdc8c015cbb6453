import type { AnyAddress } from '../sdk/address.js';
import { type Contract, ContractAddress, makeContract, type Operations } from '../sdk/contract.js';
import { type AnyFunctionType, FunctionType } from '../sdk/function-type.js';

/** Types made so far, so that addresses of one type share it. Bounded, since names come from stored bytes, too. */
const limit = 4_096;
const functionTypes = new Map<string, AnyFunctionType>();
const contracts = new Map<string, Contract<Operations>>();

/**
 * An address as it arrives in a message: it has the name of its type, not the schema or the operations, which only the
 * function's own definition has. So it looks the same whether the message came from this process or another.
 *
 * @throws SF_INVALID_NAME, SF_INVALID_ID
 */
export function reference(typeName: string, id: string, isContract: boolean): AnyAddress {
  return referenceType(typeName, isContract).at(id);
}

/** What makes such addresses of one type. @throws SF_INVALID_NAME */
export function referenceType(typeName: string, isContract: boolean): { at(id: string): AnyAddress } {
  return isContract ? intern(contracts, typeName, makeEmptyContract) : intern(functionTypes, typeName, makeBareType);
}

/** Whether an address is one of a contract. */
export function isContractAddress(address: AnyAddress): boolean {
  return address instanceof ContractAddress;
}

function intern<T>(known: Map<string, T>, name: string, make: (name: string) => T): T {
  let type = known.get(name);
  if (type === undefined) {
    type = make(name);
    if (known.size >= limit) known.clear();
    known.set(name, type);
  }
  return type;
}

function makeBareType(name: string): AnyFunctionType {
  return FunctionType.of<never>(name as `${string}/${string}`);
}

function makeEmptyContract(name: string): Contract<Operations> {
  return makeContract<Operations>(name, {});
}
