import { StatefulFunctionsError } from '../sdk/errors.js';
import { copyWrapped } from './data-model.js';
import { lower } from './lower.js';
import { checkTokens, damagedAt, pack, unpack } from './message-pack.js';
import { type ClassOf, loadedClassOf, raise } from './raise.js';
import { standIn } from './stand-in.js';

/**
 * Encodes a value of the data model. The same value makes the same bytes; the order of an object's keys, and of the
 * entries of maps and sets, is part of it.
 *
 * @param what names the value in errors.
 * @throws SF_UNSUPPORTED_VALUE, naming the path to what is not in the data model.
 */
export function encode(value: unknown, what = 'value'): Uint8Array {
  // The copy is validated and ours: lowering may change it in place, and no accessor of the user's runs while we pack.
  return pack(lower(copyWrapped(value, what)));
}

/**
 * Decodes what `encode` made: a new value, which shares nothing with `bytes`.
 *
 * Law: `decode(encode(v))` equals `copyValue(v)`.
 *
 * Bytes that encode nothing run no code and make no objects but those of the data model.
 *
 * @throws SF_DAMAGED; SF_SERIALIZABLE if no class of a stored name is loaded.
 */
export function decode(bytes: Uint8Array): unknown {
  return decodeWith(bytes, loadedClassOf);
}

/** As `decode`, for who has none of the classes and is to show the value: see `standIn`. @throws SF_DAMAGED */
export function decodeForeign(bytes: Uint8Array): unknown {
  return decodeWith(bytes, standIn);
}

function decodeWith(bytes: Uint8Array, classOf: ClassOf): unknown {
  const isSpecial = checkTokens(bytes);
  try {
    const form = unpack(bytes);
    return isSpecial ? raise(form, classOf) : form;
  } catch (error) {
    if (error instanceof StatefulFunctionsError && (error.code === 'SF_SERIALIZABLE' || error.code === 'SF_DAMAGED'))
      throw error;
    throw damagedAt(0, 'they encode no value of the data model', error);
  }
}
