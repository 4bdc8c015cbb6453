import type { ErrorCode } from '@stateful-functions/core';
import { expect } from 'chai';

/** Fails unless a promise rejects with this code; gives the error. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, `should have been ${code}`).to.be.an('error');
  expect(error).to.have.property('code', code);
  return error as Error;
}
