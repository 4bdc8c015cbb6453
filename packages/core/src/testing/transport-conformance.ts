import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict';
import { NodeScheduler } from '../node/node-scheduler.js';
import type { Listening, Transport } from '../ports/transport.js';
import { type ErrorCode, StatefulFunctionsError } from '../sdk/errors.js';

/** What a suite needs of its test runner: mocha's globals, which Vitest and Jest can give too. */
declare const describe: (title: string, suite: () => void) => void;
declare const it: (title: string, test: () => Promise<void>) => void;

/** Two transports that reach each other, as two processes have them, and on which nobody listens yet. */
export interface TransportUnderTest {
  readonly here: Transport;
  readonly there: Transport;
  /** Closes both, and removes whatever is left. */
  readonly cleanup?: () => Promise<void>;
}

/** The frames that arrived at an endpoint, in order of arrival. */
interface Inbox {
  readonly endpoint: string;
  readonly frames: readonly Uint8Array[];
  has(frame: Uint8Array): boolean;
  close(): Promise<void>;
}

interface Trial {
  readonly here: Transport;
  readonly there: Transport;
  listen(transport: Transport, endpoint: string): Promise<Inbox>;
}

/** A frame may be lost, so each is sent again until it has arrived; a transport that carries none of many is broken. */
const sendAgainMs = 20;
const giveUpAfter = 250;

/** Names that would mean something else to a network, a file system, a URL or a pattern if they were not escaped. */
const oddNames = [
  ...['a', 'A', 'a.b', 'a.b.c', 'a.*', 'a.>', '*', '>', '.', '..', '.a', 'a.', 'a..b', '$SYS', '_', 'a_b', '-', '--a'],
  ...[' ', 'a b', ' a', 'a ', 'a\tb', 'a\nb', 'a\r\nb', 'a\0b', '/', 'a/b', 'a/../b', 'a\\b', '%', '%2e', 'a%20b'],
  ...['?', '#', 'a=b', 'a+b', 'a:b', '"', "'", '`', '$(a)', '{}', '[0]', 'a,b', 'a;b', '|', '\u007f', '__proto__'],
  ...['ä', 'a\u0308', 'ß', '漢字', '😀', '\ufeff', 'x'.repeat(100), '😀'.repeat(50)],
];

/**
 * Registers the tests that every `Transport` passes, with the test runner's global `describe` and `it`.
 *
 * Nothing here asks for more than the port promises: frames may get lost, come twice or out of order.
 *
 * ```ts
 * transportConformance('MemoryTransport', async () => {
 *   const network = new MemoryNetwork();
 *   return { here: new MemoryTransport(scheduler, network), there: new MemoryTransport(scheduler, network) };
 * });
 * ```
 */
export function transportConformance(name: string, make: () => Promise<TransportUnderTest>): void {
  const test = (title: string, body: (trial: Trial) => Promise<void>) =>
    it(title, async () => {
      const { here, there, cleanup } = await make();
      const open: Listening[] = [];
      const listen = async (transport: Transport, endpoint: string): Promise<Inbox> => {
        const frames: Uint8Array[] = [];
        const listening = await transport.listen(endpoint, (frame) => void frames.push(frame));
        open.push(listening);
        const has = (frame: Uint8Array) => frames.some((each) => sameBytes(each, frame));
        return { endpoint, frames, has, close: () => listening.close() };
      };
      try {
        await body({ here, there, listen });
      } finally {
        for (const listening of open) await listening.close();
        await cleanup?.();
      }
    });

  describe(`${name} as a transport`, () => {
    test('delivers frames as they were sent, in either direction, and to oneself', async ({ here, there, listen }) => {
      const inbox = await listen(here, 'here');
      const outbox = await listen(there, 'there');
      for (const frame of [bytesOf('text'), everyByte(70_000), new Uint8Array(1), everyByte(1_000).subarray(13, 400)]) {
        await deliver(there, inbox, frame);
        await deliver(here, outbox, frame);
        await deliver(here, inbox, Uint8Array.of(7, ...frame.subarray(0, 100)));
      }
    });

    test('delivers to the endpoint that a frame is for, whatever its name, and to no other', async (trial) => {
      const inboxes: Inbox[] = [];
      for (const [at, endpoint] of oddNames.entries()) {
        inboxes.push(await trial.listen(at % 2 === 0 ? trial.here : trial.there, endpoint));
      }
      for (const inbox of inboxes) await deliver(trial.here, inbox, bytesOf(inbox.endpoint));
      // By then whatever had gone astray would be there as well.
      for (const { endpoint, frames } of inboxes) {
        const strays = frames.filter((frame) => !sameBytes(frame, bytesOf(endpoint)));
        deepStrictEqual(strays, [], `frames for ${JSON.stringify(endpoint)}`);
      }
    });

    test('carries the largest frame, and refuses a larger one', async ({ here, there, listen }) => {
      const inbox = await listen(there, 'there');
      strictEqual(here.maxFrameBytes, there.maxFrameBytes);
      ok(here.maxFrameBytes >= 1_024, 'a frame holds a header and more');
      await deliver(here, inbox, everyByte(here.maxFrameBytes));
      throws(() => here.send('there', new Uint8Array(here.maxFrameBytes + 1)), coded('SF_FRAME_TOO_LARGE'));
      throws(() => here.send('nobody', new Uint8Array(here.maxFrameBytes + 1)), coded('SF_FRAME_TOO_LARGE'));
      await deliver(here, inbox, bytesOf('goes on'));
      deepStrictEqual(
        inbox.frames.filter((frame) => frame.length > here.maxFrameBytes),
        [],
      );
    });

    test('leaves a frame that it delivered as it is', async ({ here, there, listen }) => {
      const inbox = await listen(there, 'there');
      const sent = Array.from({ length: 200 }, (_, n) => everyByte(2_000 + n));
      for (const frame of sent) await deliver(here, inbox, frame);
      for (const frame of inbox.frames) deepStrictEqual(plain(frame), everyByte(frame.length));
      for (const frame of sent) deepStrictEqual(frame, everyByte(frame.length), 'the bytes of the sender');
    });

    test('never delivers inside a call', async ({ here, listen }) => {
      const inbox = await listen(here, 'here');
      const frame = bytesOf('later');
      await until(
        () => {
          const before = inbox.frames.length;
          here.send('here', frame);
          strictEqual(inbox.frames.length, before);
        },
        () => inbox.has(frame),
      );
    });

    test('does no harm with a frame for nobody', async ({ here, there, listen }) => {
      const inbox = await listen(there, 'there');
      for (let n = 0; n < 100; n++) here.send('nobody', bytesOf(`for nobody ${n}`));
      await deliver(here, inbox, bytesOf('for somebody'));
      for (const frame of inbox.frames) deepStrictEqual(plain(frame), bytesOf('for somebody'));
    });

    test('delivers nothing more once closed, and may be listened to again', async ({ here, there, listen }) => {
      const witness = await listen(there, 'witness');
      const closed = await listen(there, 'there');
      await deliver(here, closed, bytesOf('before'));
      here.send('there', bytesOf('on its way'));
      await closed.close();
      await closed.close();
      const arrived = closed.frames.length;
      for (let n = 0; n < 5; n++) {
        here.send('there', bytesOf('after'));
        await deliver(here, witness, bytesOf(`witness ${n}`));
      }
      strictEqual(closed.frames.length, arrived);
      const again = await listen(there, 'there');
      await closed.close();
      await deliver(here, again, bytesOf('again'));
      strictEqual(closed.frames.length, arrived);
    });

    test('says that nobody listens only where nobody does, if it can tell at all', async ({ here, there, listen }) => {
      if (here.isDeserted === undefined) return;
      const isDeserted = async (endpoint: string) => here.isDeserted?.(endpoint);
      const inbox = await listen(there, 'there');
      await deliver(here, inbox, bytesOf('a frame'));
      const frames = inbox.frames.length;
      strictEqual(await isDeserted('there'), false);
      strictEqual(inbox.frames.length, frames, 'a question is no frame');
      await inbox.close();
      await untilSo(() => isDeserted('there'));
      await untilSo(() => isDeserted('nobody was ever here'));
      await listen(there, 'there');
      await untilSo(async () => !(await isDeserted('there')));
    });

    test('lets one listen to an endpoint', async ({ here, listen }) => {
      const inbox = await listen(here, 'here');
      await rejects(
        here.listen('here', () => {}),
        coded('SF_DUPLICATE_BINDING'),
      );
      await deliver(here, inbox, bytesOf('to the first'));
    });
  });
}

/** Sends a frame until it has arrived. */
function deliver(from: Transport, to: Inbox, frame: Uint8Array): Promise<void> {
  return until(
    () => from.send(to.endpoint, frame),
    () => to.has(frame),
  );
}

async function until(attempt: () => void, isDone: () => boolean): Promise<void> {
  for (let attempts = 0; attempts < giveUpAfter; attempts++) {
    attempt();
    for (let waited = 0; waited < sendAgainMs; waited += 1) {
      await pause(waited === 0 ? 0 : 1);
      if (isDone()) return;
    }
  }
  throw new Error(`a frame did not arrive, though it was sent ${giveUpAfter} times`);
}

async function untilSo(holds: () => Promise<boolean | undefined>): Promise<void> {
  for (let attempts = 0; attempts < giveUpAfter; attempts++) {
    if (await holds()) return;
    await pause(sendAgainMs);
  }
  throw new Error('the transport does not come to know who listens');
}

const host = new NodeScheduler();

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void (ms === 0 ? host.defer(resolve) : host.after(ms, resolve)));
}

function coded(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StatefulFunctionsError && error.code === code;
}

function everyByte(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Without the prototype that tells a Buffer from other bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
