import { decode, encode } from '../codec/codec.js';
import { asError, type ErrorCode, errorCodes, StatefulFunctionsError } from '../sdk/errors.js';

/** An error on its way from one thread to another: its code, message, stack and causes. */
export function encodeError(thrown: unknown): Uint8Array {
  const error = asError(thrown);
  try {
    return encode(error);
  } catch {
    // Something that hangs on it is no data. Who it is matters more.
    const { name, message, stack } = error;
    const bare = Object.assign(new Error(message), { name, stack });
    return encode(error instanceof StatefulFunctionsError ? Object.assign(bare, { code: error.code }) : bare);
  }
}

/** The error that was encoded; one of ours is one of ours again. */
export function decodeError(bytes: Uint8Array): Error {
  const error = decode(bytes) as Error & { readonly code?: unknown };
  const { code, message, stack, cause } = error;
  if (typeof code !== 'string' || !Object.hasOwn(errorCodes, code)) return error;
  const coded = new StatefulFunctionsError(code as ErrorCode, message.replace(`${code}: `, ''), { cause });
  if (stack !== undefined) coded.stack = stack;
  return coded;
}
