import { StatefulFunctionsError } from '@stateful-functions/core';
import { expect } from 'chai';

/** The error that a promise rejects with, which must be one of that code. */
export async function rejection(code: string, promise: Promise<unknown>): Promise<StatefulFunctionsError> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error) => error,
  );
  expect(outcome).to.be.instanceOf(StatefulFunctionsError);
  expect(outcome.code).to.equal(code);
  return outcome;
}
