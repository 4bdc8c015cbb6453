import type { Scheduled } from '../ports/scheduler.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Stored } from '../state/record.js';
import type { Envelope } from './envelope.js';
import type { FunctionHost } from './function-host.js';
import type { Invocation } from './invocation.js';
import type { ListCell, ListView } from './list-cell.js';
import type { MapCell, MapView } from './map-cell.js';
import { MessageQueue } from './message-queue.js';

/**
 * What an activation is doing.
 *
 * `idle`: nothing. `loading`: its state, or an entry of it, is on the way from storage. `running`: an asynchronous handler has
 * not settled. `waiting`: a message that failed waits for its next attempt. `draining`: its mailbox is being worked off.
 * In every state but `idle`, messages for it wait in its mailbox.
 */
export type ActivationState = 'idle' | 'loading' | 'running' | 'waiting' | 'draining';

/** The live instance of an address. Made on demand, dropped when idle and unchanged since the last committed checkpoint. */
export class Activation {
  state: ActivationState = 'idle';
  /** Whether the committed state below is in place. */
  loaded = false;
  /** Dropped when a handler throws, and made anew from the committed state. */
  instance: object | undefined = undefined;
  /** The committed value of each plain field and persisted value, by index of the field plan. */
  committed: Stored[] = [];
  /** When each field was last written, for types with a time to live. */
  stamps: number[] | undefined = undefined;
  /** The committed side of maps and lists, by index of the field plan. */
  cells: (MapCell | ListCell | undefined)[] | undefined = undefined;
  /** The instance's side of them. */
  views: (MapView | ListView | undefined)[] | undefined = undefined;
  /** Whether storage may hold a record of this address. */
  stored = false;
  /** Whether there is state at all: false until something is written, and again after `forget`. */
  exists = false;

  /** The interval between two cuts in which the state last changed; 0 for never. */
  dirtyIn = 0;
  /** The interval whose cut has encoded this activation. */
  encodedIn = 0;
  /** For passivation: whether it was used since the last sweep. */
  recent = true;
  keyGroup = -1;

  /** The message being handled, or waiting for its next attempt. */
  current: Envelope | undefined = undefined;
  invocation: Invocation | undefined = undefined;
  retry: Scheduled | undefined = undefined;
  mailbox: MessageQueue | undefined = undefined;

  constructor(
    readonly host: FunctionHost,
    readonly address: AnyAddress,
  ) {}

  enqueue(envelope: Envelope): void {
    this.mailbox ??= new MessageQueue();
    this.mailbox.push(envelope);
  }
}
