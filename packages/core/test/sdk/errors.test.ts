import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type ErrorCode, errorCodes, isPassingStorageFailure, StatefulFunctionsError } from '../../src/sdk/errors.js';

/** Of all packages: they share the list. */
const packages = fileURLToPath(new URL('../../../../', import.meta.url));
const declaring = join('core', 'src', 'sdk', 'errors.ts');

/** Codes are public: one that is renamed or removed breaks programs. Add here what is added there. */
const pinned = [
  'SF_INVALID_NAME',
  'SF_INVALID_ID',
  'SF_INVALID_DURATION',
  'SF_UNSUPPORTED_VALUE',
  'SF_SCHEMA',
  'SF_ASYNC_SCHEMA',
  'SF_CONTEXT_ENDED',
  'SF_READ_ONLY',
  'SF_UNBOUND_EGRESS',
  'SF_UNBOUND_FUNCTION',
  'SF_UNBOUND_INGRESS',
  'SF_UNKNOWN_OPERATION',
  'SF_ASKED_LATE',
  'SF_UNBOUND_STATE',
  'SF_NOT_RESIDENT',
  'SF_MISSING_METADATA',
  'SF_DUPLICATE_BINDING',
  'SF_DECORATOR',
  'SF_UNBOUND_SERVICE',
  'SF_MISSING_ROUTER',
  'SF_NOT_DECORATED',
  'SF_MISSING_HANDLER',
  'SF_INVALID_STATE_FIELD',
  'SF_INVALID_OPTION',
  'SF_INVALID_MODULE',
  'SF_SERIALIZABLE',
  'SF_VANISHED_STATE',
  'SF_REMOVED_FUNCTION',
  'SF_REMOVED_CONNECTOR',
  'SF_MIGRATION',
  'SF_HANDLER_FAILED',
  'SF_HANDLER_TIMEOUT',
  'SF_ASK_TIMEOUT',
  'SF_ROUTER_FAILED',
  'SF_MALFORMED_RECORD',
  'SF_POISONED',
  'SF_STOPPED',
  'SF_INTERRUPTED',
  'SF_RUNNING',
  'SF_MISSING_PACKAGE',
  'SF_NO_COORDINATOR',
  'SF_NOT_EMPTY',
  'SF_INSTALL',
  'SF_LOCKED',
  'SF_FENCED',
  'SF_DAMAGED',
  'SF_MISSING_BLOB',
  'SF_INCOMPATIBLE',
  'SF_STORAGE',
  'SF_STORAGE_FULL',
  'SF_STORAGE_ACCESS',
  'SF_NO_BUCKET',
  'SF_WRONG_REGION',
  'SF_UNREACHABLE',
  'SF_NO_PUT_IF_ABSENT',
  'SF_CHECKPOINTS_FAIL',
  'SF_SOURCE',
  'SF_SOURCE_POSITION',
  'SF_SINK',
  'SF_SINK_POSITION',
  'SF_FRAME_TOO_LARGE',
  'SF_UNAUTHORIZED',
  'SF_CREDENTIALS',
  'SF_FORBIDDEN',
  'SF_TLS',
  'SF_UNSUPPORTED_SERVER',
  'SF_THREAD_ENDED',
  'SF_UNKNOWN_CHECKPOINT',
  'SF_UNKNOWN_SAVEPOINT',
  'SF_SAVEPOINT_EXISTS',
  'SF_BROKEN_INVARIANT',
];

describe('The error codes', () => {
  const files = readdirSync(packages)
    .flatMap((name) => sourcesIn(join(name, 'src')))
    .filter((name) => name.endsWith('.ts'));
  const code = files
    .filter((name) => name !== declaring)
    .map((name) => readFileSync(join(packages, name), 'utf8'))
    .join('\n');

  it('are these', () => {
    expect(Object.keys(errorCodes)).to.deep.equal(pinned);
  });

  it('are each used', () => {
    expect(files).to.include(declaring);
    const unused = Object.keys(errorCodes).filter((name) => !code.includes(`'${name}'`));
    // Asserted with `invariant`, beside the codes themselves.
    expect(unused).to.deep.equal(['SF_BROKEN_INVARIANT'].filter((name) => unused.includes(name)));
  });

  it('of a store that cannot be reached may pass, of one that is damaged or taken over may not', () => {
    const passes = (code: ErrorCode) => isPassingStorageFailure(new StatefulFunctionsError(code, ''));
    expect(Object.keys(errorCodes).filter((code) => passes(code as ErrorCode))).to.deep.equal([
      'SF_STORAGE',
      'SF_STORAGE_FULL',
      'SF_STORAGE_ACCESS',
      'SF_UNREACHABLE',
    ]);
    expect(isPassingStorageFailure(new Error('a mistake'))).to.equal(false);
  });

  it('each have a meaning, in one sentence', () => {
    for (const [name, meaning] of Object.entries(errorCodes)) expect(meaning, name).to.match(/^[A-Z].*\.$/);
  });
});

function sourcesIn(folder: string): string[] {
  return readdirSync(join(packages, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}
