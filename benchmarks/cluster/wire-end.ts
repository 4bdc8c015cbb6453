import { Unpackr } from 'msgpackr';
import { connect } from 'nats';

/** What the receiving end needs to know. */
export interface WireEnd {
  readonly servers: string;
  readonly subject: string;
}

export interface Decoded {
  readonly messages: number;
  /** Of all messages together: they were there. */
  readonly hops: number;
}

/** The process that decodes what comes, and tells by an empty message that it has. It ends with whoever started it. */
const { servers, subject } = JSON.parse(process.argv[2] as string) as WireEnd;
const connection = await connect({ servers });
const unpackr = new Unpackr();
let messages = 0;
let hops = 0;
connection.subscribe(subject, {
  callback: (_error, { data }) => {
    for (const { message } of unpackr.unpack(data) as { message: { hops: number } }[]) {
      messages += 1;
      hops += message.hops;
    }
    connection.publish(`${subject}.acknowledged`);
  },
});
await connection.flush();
process.once('disconnect', () => void connection.close());
process.on('message', () => process.send?.({ messages, hops } satisfies Decoded));
process.send?.('listening');
