/**
 * The floor: what any runtime for addressable functions has to do for a message, and nothing else. Each message is queued with
 * the id it is for; the loop takes it off, looks the instance up by its id, and calls its method, which may queue one message
 * for the next function. No commit, no copy, no rollback, no checkpoint.
 *
 * Fixed: figures of different versions are comparable because this does not change.
 */
interface Target {
  invoke(message: unknown, loop: Loop): void;
}

interface Queued {
  readonly instances: Map<string, Target>;
  readonly make: () => Target;
  readonly id: string;
  readonly message: unknown;
}

class Greeter implements Target {
  seen = 0;
  last = '';

  invoke(request: Request, loop: Loop): void {
    this.seen += 1;
    this.last = request.name;
    loop.send(loop.senders, makeSender, request.id, { to: request.id, text: request.name, count: this.seen });
  }
}

class EmailSender implements Target {
  sent = 0;
  last = '';

  invoke(email: Email, loop: Loop): void {
    this.sent += 1;
    this.last = email.text;
    loop.emails += 1;
  }
}

const makeGreeter = () => new Greeter();
const makeSender = () => new EmailSender();

export interface Request {
  readonly id: string;
  readonly name: string;
}

export interface Email {
  readonly to: string;
  readonly text: string;
  readonly count: number;
}

class Loop {
  readonly greeters = new Map<string, Target>();
  readonly senders = new Map<string, Target>();
  emails = 0;
  #queue: Queued[] = [];

  send(instances: Map<string, Target>, make: () => Target, id: string, message: unknown): void {
    this.#queue.push({ instances, make, id, message });
  }

  /** Handles what is queued, and what that queues. Returns how many invocations that took. */
  run(): number {
    let done = 0;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const { instances, make, id, message } of batch) {
        let instance = instances.get(id);
        if (instance === undefined) {
          instance = make();
          instances.set(id, instance);
        }
        instance.invoke(message, this);
      }
      done += batch.length;
    }
    return done;
  }
}

const batchSize = 1_024;

/** A new text each time, as ids that come in from outside are. */
export function makeId(number: number): string {
  return `user-${number}@example.com`;
}

/** Invocations per second of the bare loop: greeter and email sender, over so many ids. */
export function runBareLoop(idCount: number, requests: number): number {
  const loop = new Loop();
  let invocations = 0;
  const start = performance.now();
  for (let from = 0; from < requests; from += batchSize) {
    const to = Math.min(requests, from + batchSize);
    for (let index = from; index < to; index += 1) {
      const id = makeId(index % idCount);
      loop.send(loop.greeters, makeGreeter, id, { id, name: id });
    }
    invocations += loop.run();
  }
  const seconds = (performance.now() - start) / 1_000;
  if (loop.emails !== requests) throw new Error(`the bare loop made ${loop.emails} emails of ${requests} requests`);
  return invocations / seconds;
}
