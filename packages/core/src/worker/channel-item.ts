import type { Envelope } from '../dispatch/envelope.js';
import type { Headers } from '../sdk/context.js';
import type { Reply } from '../sdk/contract.js';
import type { ReplyHandle } from '../sdk/reply.js';

/**
 * What travels between workers: a message to a function, a record for an egress that another worker publishes, or a reply to a
 * client that is attached to another.
 */
export type ChannelItem = Envelope | RecordItem | ReplyItem;

export type RecordItem = readonly ['record', egress: string, value: unknown, headers: Headers];
export type ReplyItem = readonly ['reply', handle: ReplyHandle, reply: Reply<unknown>];

export function isRecord(item: RecordItem | ReplyItem): item is RecordItem {
  return item[0] === 'record';
}
