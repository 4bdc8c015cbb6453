/**
 * An error with a stable code, what it is about, and the fix in one sentence.
 *
 * Codes are public: programs may branch on them, and `docs/` explains each. Messages may change.
 */
export class StatefulFunctionsError extends Error {
  override readonly name: string = 'StatefulFunctionsError';

  constructor(
    /** Stable, `SF_…`. */
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`, options);
  }
}

/** Every code there is, with its meaning; a test pins the list. */
export const errorCodes = {
  // The caller's mistakes, found where they are made.
  SF_INVALID_NAME: 'A namespace/name, or the name of a package, is not of the allowed form.',
  SF_INVALID_ID: 'An id is empty, too long, or not well-formed Unicode.',
  SF_INVALID_DURATION: 'A duration is not a number of milliseconds or a text such as 90d.',
  SF_UNSUPPORTED_VALUE: 'A message or a state holds a value that is not in the data model.',
  SF_SCHEMA: 'A value does not match its schema.',
  SF_ASYNC_SCHEMA: 'A schema validates asynchronously.',
  SF_CONTEXT_ENDED: 'A context was used after its handler ended.',
  SF_READ_ONLY: 'A query tried to write or send.',
  SF_UNBOUND_EGRESS: 'A message was sent to an egress that no module binds.',
  SF_UNBOUND_FUNCTION: 'A message was sent to a function type that no module binds.',
  SF_UNBOUND_INGRESS: 'A router is bound to an ingress that no module binds.',
  SF_UNKNOWN_OPERATION: 'A message names an operation that the function does not have.',
  SF_ASKED_LATE: 'A reply handle was asked for where nobody waits for a reply.',
  SF_UNBOUND_STATE: 'A persisted value, map or list was used outside of a function instance.',
  SF_NOT_RESIDENT: 'An entry of a persisted map must be loaded before it is read.',
  // Found when the application starts or a function is first activated.
  SF_MISSING_METADATA: 'Constructor parameters have no usable type metadata.',
  SF_DUPLICATE_BINDING: 'Two things are bound under one name.',
  SF_DECORATOR: 'A decorator was put where it cannot work, or compiled as one of ECMAScript.',
  SF_UNBOUND_SERVICE: 'A constructor or factory asks for a service that nobody provides.',
  SF_MISSING_ROUTER: 'An ingress has no router, so its records would be lost.',
  SF_NOT_DECORATED: 'A class that was bound lacks its decorator.',
  SF_MISSING_HANDLER: 'A function class lacks the handler of an operation.',
  SF_INVALID_STATE_FIELD: 'A persisted field is declared in a way that cannot work.',
  SF_INVALID_OPTION: 'An option has a value that cannot work.',
  SF_INVALID_MODULE: 'A module file does not export exactly one module.',
  SF_SERIALIZABLE: 'Two serializable classes have one name, or a stored name has no class.',
  SF_VANISHED_STATE: 'State is stored under a persisted name that the class no longer has.',
  SF_REMOVED_FUNCTION: 'A function type that has state, timers or messages is no longer bound.',
  SF_REMOVED_CONNECTOR: 'An ingress or egress that a checkpoint knows is no longer bound.',
  SF_MIGRATION: 'Stored state could not be migrated to the version its class declares.',
  // Outcomes a caller or asker can receive.
  SF_HANDLER_FAILED: 'The handler failed at its last attempt; the message is a dead letter.',
  SF_HANDLER_TIMEOUT: 'The handler took longer than its timeout.',
  SF_ASK_TIMEOUT: 'No answer came in time.',
  SF_ROUTER_FAILED: 'A router threw; the record is a dead letter.',
  SF_MALFORMED_RECORD: 'A record of an ingress could not be decoded; it is a dead letter.',
  SF_POISONED: 'The message ended the process each time it was handled; it is a dead letter.',
  SF_STOPPED: 'The application is stopping or stopped.',
  SF_INTERRUPTED: 'The worker that took a call failed; whether the call took effect is not known.',
  SF_RUNNING: 'The application runs, and what was asked for can only be done while it does not.',
  SF_MISSING_PACKAGE: 'A package is needed that is not installed.',
  SF_NO_COORDINATOR: 'No coordinator of the application answered.',
  SF_NOT_EMPTY: 'A directory that an application is to be created in is not empty.',
  SF_INSTALL: 'The packages of an application that was created could not be installed.',
  // Operating failures.
  SF_LOCKED: 'Another process uses the checkpoint directory.',
  SF_FENCED: 'Another process took over this application.',
  SF_DAMAGED: 'Stored bytes are damaged.',
  SF_MISSING_BLOB: 'A blob that a checkpoint refers to is gone.',
  SF_INCOMPATIBLE: 'The store was written with other fixed settings or a newer format.',
  SF_STORAGE: 'The checkpoint store failed.',
  SF_STORAGE_FULL: 'The disk is full.',
  SF_STORAGE_ACCESS: 'The checkpoint store refuses the credentials, or they lack a permission.',
  SF_NO_BUCKET: 'The bucket of the checkpoint store does not exist.',
  SF_WRONG_REGION: 'The bucket of the checkpoint store is in another region.',
  SF_UNREACHABLE: 'A server that the application needs cannot be reached.',
  SF_NO_PUT_IF_ABSENT: 'The checkpoint store replaces blobs that exist, so it cannot keep two processes apart.',
  SF_CHECKPOINTS_FAIL: 'Several checkpoints in a row failed.',
  SF_SOURCE: 'An ingress source failed.',
  SF_SOURCE_POSITION: 'An ingress source no longer has the position of the last checkpoint.',
  SF_SINK: 'An egress sink failed.',
  SF_SINK_POSITION: 'An egress sink no longer has the position of the last checkpoint.',
  SF_FRAME_TOO_LARGE: 'A frame is larger than its transport carries.',
  SF_UNAUTHORIZED: 'A server refused the credentials.',
  SF_CREDENTIALS: 'Credentials cannot be read or are of no use.',
  SF_FORBIDDEN: 'A server does not permit an operation.',
  SF_TLS: 'A secure connection could not be made.',
  SF_UNSUPPORTED_SERVER: 'A server lacks what is needed of it.',
  SF_THREAD_ENDED: 'A worker thread ended by itself.',
  SF_UNKNOWN_CHECKPOINT: 'There is no such checkpoint, or it was deleted meanwhile.',
  SF_UNKNOWN_SAVEPOINT: 'There is no savepoint of that name.',
  SF_SAVEPOINT_EXISTS: 'There is a savepoint of that name already.',
  SF_BROKEN_INVARIANT: 'The runtime found itself in a state that must not be; please report it.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/**
 * Asserts what must always hold. Stays on in production: a worker that broke an invariant stops, and recovers from the last
 * checkpoint, rather than spread the damage.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new StatefulFunctionsError('SF_BROKEN_INVARIANT', message);
}

const passingStorageFailures: readonly unknown[] = [
  'SF_STORAGE',
  'SF_STORAGE_FULL',
  'SF_STORAGE_ACCESS',
  'SF_UNREACHABLE',
] satisfies ErrorCode[];

/** Whether a store failed in a way that may pass: then the next checkpoint tries again. */
export function isPassingStorageFailure(error: unknown): boolean {
  return error instanceof StatefulFunctionsError && passingStorageFailures.includes(error.code);
}

/** The error as an Error, whatever was thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** An error on its way: in a reply, or from one process to another. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
}

/** An error as data. One that has no code was not foreseen. */
export function errorData(error: unknown): ErrorData {
  const code = error instanceof StatefulFunctionsError ? error.code : 'SF_BROKEN_INVARIANT';
  return { code, message: asError(error).message };
}

/** The error that data was made of. */
export function errorOf({ code, message }: ErrorData): StatefulFunctionsError {
  return new StatefulFunctionsError(code as ErrorCode, withoutCode(message));
}

/** A message without the code that its error has put before it. */
export function withoutCode(message: string): string {
  return message.replace(/^SF_[A-Z_]+: /, '');
}
