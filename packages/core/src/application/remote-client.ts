import { readControlFrame } from '../cluster/control-frame.js';
import { newRemoteClientName } from '../cluster/remote-client-name.js';
import type { Inbox } from '../ports/inbox.js';
import type { Platform } from '../ports/platform.js';
import type { Listening, Transport } from '../ports/transport.js';
import { isContract } from '../sdk/contract.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import type { AnyFunctionType } from '../sdk/function-type.js';
import type { Submission } from '../worker/worker.js';
import { Client, type ClientGateway, stoppedError } from './client.js';
import { encodeCall } from './inbox-ingress.js';

export interface RemoteClientOptions {
  readonly platform: Platform;
  readonly transport: Transport;
  readonly inbox: Inbox;
  /** Closes what is its own, when it has disconnected. */
  readonly disconnected?: () => Promise<void>;
}

/**
 * A client that is outside of all nodes, in any process that reaches their transport and inbox. It knows functions by their
 * types and contracts alone.
 *
 * A send resolves when it is durable. A reply may get lost on its way, when the worker that has it fails; a call that changes
 * nothing, or has an idempotency key, is then made again by itself, until its timeout. Any other ends with SF_ASK_TIMEOUT.
 */
export class RemoteClient extends Client implements AsyncDisposable {
  readonly #listening: Listening;
  readonly #disconnected: () => Promise<void>;

  private constructor(
    gateway: ClientGateway,
    platform: Platform,
    listening: Listening,
    disconnected: () => Promise<void>,
  ) {
    super(gateway, platform);
    this.#listening = listening;
    this.#disconnected = disconnected;
  }

  static async connect({
    platform,
    transport,
    inbox,
    disconnected = async () => {},
  }: RemoteClientOptions): Promise<RemoteClient> {
    const incarnation = newRemoteClientName(platform.random);
    const gateway: ClientGateway = {
      incarnation,
      repliesMayGetLost: true,
      definitionOf,
      submit: async ({ message, committed }: Submission) => {
        await inbox.put(message[6], encodeCall(message));
        committed?.();
      },
    };
    const listening = await transport.listen(incarnation, (frame) => {
      const reply = readControlFrame(frame);
      if (reply?.kind === 'client-reply') client.receive(reply.reply.target, reply.reply.reply);
    });
    const client = new RemoteClient(gateway, platform, listening, disconnected);
    return client;
  }

  /** Calls that are under way end with SF_STOPPED; what was acknowledged is not lost. */
  async disconnect(): Promise<void> {
    this.close(stoppedError());
    await this.#listening.close();
    await this.#disconnected();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }
}

/** What a caller knows of a function: less than those who run it. */
function definitionOf(type: AnyFunctionType): Pick<FunctionDefinition, 'type' | 'operations'> {
  return { type, operations: isContract(type) ? type.operations : undefined };
}
