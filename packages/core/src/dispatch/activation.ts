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
 * In each of these but `idle`, messages for it wait in its mailbox. `dropped`: it is in memory no more, and gets no messages.
 */
export type ActivationState = 'idle' | 'loading' | 'running' | 'waiting' | 'draining' | 'dropped';

/** The live instance of an address. Made on demand, dropped when idle and unchanged since the last committed checkpoint. */
export class Activation {
  // First what a synchronous invocation touches, so that it lies in two cache lines: with many addresses, fetching them is a
  // good part of what an invocation costs.
  state: ActivationState = 'idle';
  /** For passivation: whether it was used since the last sweep. */
  recent = true;
  /** Dropped when a handler throws, and made anew from the committed state. */
  instance: object | undefined = undefined;
  /** The interval between two cuts in which the state last changed; 0 for never. */
  dirtyIn = 0;
  /** Where its last message to this worker went: often the next goes there too, and then nobody has to look it up. */
  neighbour: Activation | undefined = undefined;
  readonly host: FunctionHost;
  /** The id of its address. */
  readonly key: string;
  /** Whether there is state at all: false until something is written, and again after `forget`. */
  exists = false;
  /** The interval whose cut has encoded this activation. */
  encodedIn = 0;
  keyGroup = -1;

  /**
   * The committed value of each plain field and persisted value, by index of the field plan. `undefined` where the fields of
   * the instance are the committed state: see `FunctionHost`.
   */
  committed: Stored[] | undefined = undefined;
  /** Whether the committed state is in place. */
  loaded = false;
  /** When each field was last written, for types with a time to live. */
  stamps: number[] | undefined = undefined;
  /** The committed side of maps and lists, by index of the field plan. */
  cells: (MapCell | ListCell | undefined)[] | undefined = undefined;
  /** The instance's side of them. */
  views: (MapView | ListView | undefined)[] | undefined = undefined;
  /** Where its record is among those that a cut encoded early, for a simple plan. */
  frozenStart = 0;
  frozenEnd = 0;

  /** The message being handled, or waiting for its next attempt; only when not idle. */
  current: Envelope | undefined = undefined;
  /** The invocation that maps, lists and times to live ask for the time; not set for simple plans while idle. */
  invocation: Invocation | undefined = undefined;
  retry: Scheduled | undefined = undefined;
  mailbox: MessageQueue | undefined = undefined;
  private known: AnyAddress | undefined = undefined;

  constructor(host: FunctionHost, key: string) {
    this.host = host;
    this.key = key;
  }

  /** Made when somebody asks for it. */
  get address(): AnyAddress {
    this.known ??= this.host.definition.type.at(this.key);
    return this.known;
  }

  enqueue(envelope: Envelope): void {
    this.mailbox ??= new MessageQueue();
    this.mailbox.push(envelope);
  }
}
