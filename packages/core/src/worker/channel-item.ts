import type { Headers } from '../sdk/context.js';
import type { Reply } from '../sdk/contract.js';
import type { ReplyHandle } from '../sdk/reply.js';
import type { StoredMessage } from './message-form.js';

/**
 * What travels between workers: a message to a function, a record for an egress that another worker publishes, or a reply to a
 * client that is attached to another. A value of the data model, told by its first element; a message begins with its address.
 */
export type ChannelItem = StoredMessage | RecordItem | ReplyItem;

export type RecordItem = readonly ['record', egress: string, value: unknown, headers: Headers];
export type ReplyItem = readonly ['reply', handle: ReplyHandle, reply: Reply<unknown>];

export function isRecord(item: ChannelItem): item is RecordItem {
  return item[0] === 'record';
}

export function isReply(item: ChannelItem): item is ReplyItem {
  return item[0] === 'reply';
}
