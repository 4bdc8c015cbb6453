import { Envelope } from '../dispatch/envelope.js';
import type { Headers } from '../sdk/context.js';
import type { Reply } from '../sdk/contract.js';
import type { ReplyHandle } from '../sdk/reply.js';
import { type StoredMessage, storeMessage } from './message-form.js';

/**
 * What travels between workers: a message to a function, a record for an egress that another worker publishes, or a reply to a
 * client that is attached to another.
 */
export type ChannelItem = Envelope | RecordItem | ReplyItem;

/** The same as a checkpoint holds it: a value of the data model, told by its first element; a message begins with its address. */
export type StoredItem = StoredMessage | RecordItem | ReplyItem;

export type RecordItem = readonly ['record', egress: string, value: unknown, headers: Headers];
export type ReplyItem = readonly ['reply', handle: ReplyHandle, reply: Reply<unknown>];

export function isRecord(item: RecordItem | ReplyItem | StoredMessage): item is RecordItem {
  return item[0] === 'record';
}

export function isReply(item: StoredItem): item is ReplyItem {
  return item[0] === 'reply';
}

/** An item as it is now; what happens to a message later does not show. */
export function storeItem(item: ChannelItem): StoredItem {
  return item instanceof Envelope ? storeMessage(item) : item;
}
