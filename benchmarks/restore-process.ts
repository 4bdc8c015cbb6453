import {
  Application,
  defineFunction,
  FunctionType,
  Ingress,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { GeneratedSource } from './generated-source.js';

/** What a process is to do: give so many addresses state, or start from that and handle a message for one of them. */
export interface RestoreOrder {
  readonly kind: 'fill' | 'visit';
  readonly directory: string;
  readonly addresses: number;
}

/** What it tells of the last message that it handled. */
export interface Handled {
  /** By the clock of the machine, like `startedMs`. */
  readonly atMs: number;
  /** When the application was started. */
  readonly startedMs: number;
  readonly seen: number;
}

const Guest = FunctionType.of<string>('bench/guest');
const guests = Ingress.of<string>('bench/guests');

const order = JSON.parse(process.argv[2] as string) as RestoreOrder;
const startedMs = Date.now();
let handled: Handled | undefined;

const GuestFn = defineFunction(Guest, {
  state: () => ({ seen: 0, last: '' }),
  invoke(_ctx, last) {
    this.seen += 1;
    this.last = last;
    handled = { atMs: Date.now(), startedMs, seen: this.seen };
  },
});

const idOf = (number: number) => `guest-${number}@example.com`;
const module: StatefulFunctionModule = {
  configure(_config, binder) {
    binder.bindFunctions(GuestFn);
    binder.bindIngress(
      guests,
      order.kind === 'fill' ? GeneratedSource.of(order.addresses, idOf) : new GeneratedSource(idOf),
    );
    binder.bindRouter(guests, (id, downstream) => downstream.forward(Guest.at(id), id));
  },
};

const app = await Application.from(module).start({ checkpoints: { directory: order.directory }, handleSignals: false });
if (order.kind === 'fill') await app.finished;
else {
  const id = idOf(order.addresses >> 1);
  await app.client.send(Guest.at(id), id);
  await app.stop();
}
process.send?.(handled);
process.disconnect();
