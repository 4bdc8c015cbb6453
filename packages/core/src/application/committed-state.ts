import type { EpochWorker } from '../cluster/epoch-worker.js';
import { loadState } from '../dispatch/state-snapshot.js';
import type { AnyAddress } from '../sdk/address.js';
import { stoppedError } from './client.js';

/** The committed state of an address, by property, as the worker that it belongs to has it. @throws SF_STOPPED if none runs. */
export async function committedState(
  running: EpochWorker | undefined,
  address: AnyAddress,
): Promise<Record<string, unknown>> {
  if (running === undefined) throw stoppedError();
  const { state, dispatcher, time } = running.worker;
  return loadState(await state.peek(dispatcher.hostAt(address), address), time.now());
}
