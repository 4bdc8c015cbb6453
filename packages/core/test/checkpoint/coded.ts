import { expect } from 'chai';
import { type ErrorCode, StatefulFunctionsError } from '../../src/sdk/errors.js';

/** Expects a promise to reject with a coded error, and gives that error. */
export async function rejection(code: ErrorCode, promise: Promise<unknown>): Promise<StatefulFunctionsError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, `a rejection with ${code}`).to.be.instanceOf(StatefulFunctionsError);
  const coded = error as StatefulFunctionsError;
  expect(coded.code, coded.message).to.equal(code);
  return coded;
}
