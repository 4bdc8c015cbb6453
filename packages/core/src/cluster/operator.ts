import type { Membership } from '../ports/membership.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import type { Scheduled } from '../ports/scheduler.js';
import type { Listening, Transport } from '../ports/transport.js';
import { errorOf } from '../sdk/errors.js';
import { encodeOperationRequest, readControlFrame } from './control-frame.js';
import { leaseKey } from './leader-lease.js';
import { decodeLeaseRow } from './lease-row.js';
import type { ClusterStatus, Operation, OperationAnswer } from './operation.js';

export interface OperatorOptions {
  readonly platform: Pick<Platform, 'clock' | 'scheduler' | 'random'>;
  readonly transport: Transport;
  readonly membership: Membership;
}

/** A request or its answer may get lost, and the coordinator may change. */
const askAgainAfterMs = 300;

/**
 * Asks the coordinator of a running application, from anywhere that reaches its transport and membership.
 *
 * Each request goes out again until it is answered, to whoever coordinates by then. A coordinator carries a request out once; when
 * another takes over in between, it may be carried out by both.
 */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #endpoint: string;
  readonly #waiting = new Map<string, (outcome: OperationAnswer['outcome']) => void>();
  #listening: Promise<Listening> | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#endpoint = `operator/${randomHex(options.platform.random, 8)}`;
  }

  /** How the application does. @throws SF_NO_COORDINATOR */
  async status(timeoutMs?: number): Promise<ClusterStatus> {
    return (await this.#ask({ kind: 'status' }, timeoutMs)) as ClusterStatus;
  }

  /** Takes a checkpoint; resolves when it is committed. @throws SF_NO_COORDINATOR */
  async checkpoint(timeoutMs?: number): Promise<void> {
    await this.#ask({ kind: 'checkpoint' }, timeoutMs);
  }

  /** Takes a checkpoint that stays under a name. @throws SF_SAVEPOINT_EXISTS, SF_INVALID_NAME, SF_NO_COORDINATOR */
  async savepoint(name: string, timeoutMs?: number): Promise<void> {
    await this.#ask({ kind: 'savepoint', name }, timeoutMs);
  }

  /** Has every node leave, so that the application ends in good order. Resolves when they know. @throws SF_NO_COORDINATOR */
  async drain(timeoutMs?: number): Promise<void> {
    await this.#ask({ kind: 'drain' }, timeoutMs);
  }

  async close(): Promise<void> {
    await (await this.#listening)?.close();
  }

  async #ask(operation: Operation, timeoutMs = 30_000): Promise<ClusterStatus | undefined> {
    const { platform, transport } = this.#options;
    this.#listening ??= transport.listen(this.#endpoint, (frame) => this.#hear(frame));
    await this.#listening;
    const id = randomHex(platform.random, 16);
    const request = encodeOperationRequest({ id, answerTo: this.#endpoint, operation });
    let again: Scheduled | undefined;
    const send = async () => {
      again = platform.scheduler.after(askAgainAfterMs, () => void send());
      const leader = await this.#leader();
      if (leader !== undefined && this.#waiting.has(id)) transport.send(leader, request);
    };
    const outcome = await new Promise<OperationAnswer['outcome']>((resolve) => {
      const timeout = platform.scheduler.after(timeoutMs, () => resolve(noCoordinator(timeoutMs)));
      this.#waiting.set(id, (answer) => {
        timeout.cancel();
        resolve(answer);
      });
      void send();
    });
    this.#waiting.delete(id);
    again?.cancel();
    if (outcome.ok) return outcome.status;
    throw errorOf(outcome);
  }

  /** The endpoint of whoever coordinates; `undefined` if nobody does, or nobody knows just now. */
  async #leader(): Promise<string | undefined> {
    const row = await this.#options.membership.read(leaseKey).catch(() => undefined);
    return row && decodeLeaseRow(row.value)?.holder?.endpoint;
  }

  #hear(frame: Uint8Array): void {
    const message = readControlFrame(frame);
    if (message?.kind === 'operation-answer') this.#waiting.get(message.answer.id)?.(message.answer.outcome);
  }
}

function noCoordinator(timeoutMs: number): OperationAnswer['outcome'] {
  return {
    ok: false,
    code: 'SF_NO_COORDINATOR',
    message:
      `no coordinator answered within ${timeoutMs} ms. See that nodes of the application run, and that they use this very ` +
      'server and application name.',
  };
}
