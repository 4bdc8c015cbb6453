import { type Scheduler, StatefulFunctionsError } from '@stateful-functions/core';
import type { Connection } from './connection.js';
import { Pull, type PulledMessage } from './pull.js';
import { deliveryBehind, type StreamConsumers } from './stream-consumers.js';

/** Reads what a stream has behind a sequence, without the data. @throws SF_UNREACHABLE if the connection is lost meanwhile */
export async function readTail(
  connection: Connection,
  scheduler: Scheduler,
  consumers: StreamConsumers,
  behind: number,
  each: (message: PulledMessage) => void,
): Promise<void> {
  const consumer = await consumers.makePassing(deliveryBehind(behind), true);
  const { num_pending } = await consumers.info(consumer);
  try {
    if (num_pending > 0) await readAll(connection, scheduler, consumers.stream, consumer, each);
  } finally {
    await consumers.delete(consumer).catch(() => undefined); // The server disposes of it in any case.
  }
}

function readAll(
  connection: Connection,
  scheduler: Scheduler,
  stream: string,
  consumer: string,
  each: (message: PulledMessage) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let delivered = 0;
    const failed = (why: string) => {
      end();
      reject(
        new StatefulFunctionsError('SF_UNREACHABLE', `the end of the stream ${stream} could not be read: ${why}.`),
      );
    };
    const listening = connection.onChange(() => failed('the connection was lost'));
    const end = () => {
      listening.close();
      pull.stop();
    };
    const received = (message: PulledMessage) => {
      delivered += 1;
      if (message.delivered !== delivered) return failed('messages are missing');
      each(message);
      if (message.pending > 0) return pull.more();
      end();
      resolve();
    };
    const pull = new Pull(connection, scheduler, stream, consumer, { received, lost: failed });
    pull.more();
  });
}
