import { appendFileSync } from 'node:fs';
import type { Context, RootHookObject } from 'mocha';

/**
 * For runs of mocha with `--retries`: tells of each test that passed, but not at once. Such a test has found something, in itself
 * or in what it tests; it must not go unnoticed because it passed in the end.
 *
 * Appends a line to the file that `SF_SECOND_ATTEMPTS` names, if it does.
 */
export const mochaHooks: RootHookObject = {
  afterEach(this: Context) {
    const test = this.currentTest;
    if (test?.state !== 'passed' || (test as unknown as Retried).currentRetry() === 0) return;
    const line = `passed only at a second attempt: ${test.fullTitle()}`;
    console.log(line);
    const { SF_SECOND_ATTEMPTS: file } = process.env;
    if (file !== undefined) appendFileSync(file, `${line}\n`);
  },
};

/** What the declarations of mocha do not show. */
interface Retried {
  currentRetry(): number;
}
