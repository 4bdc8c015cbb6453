import { expect } from 'chai';
import { type ErrorCode, StatefulFunctionsError } from '../../src/sdk/errors.js';

/** Expects a coded error whose message has each of `parts`. */
export function refuses(code: ErrorCode, action: () => unknown, ...parts: string[]): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, `an error ${code}`).to.be.instanceOf(StatefulFunctionsError);
  const { code: found, message } = thrown as StatefulFunctionsError;
  expect(found, message).to.equal(code);
  for (const part of parts) expect(message).to.include(part);
}
