import { goBackTo, StatefulFunctionsError } from '@stateful-functions/core';
import { operate } from '../cluster.js';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { existingStoreAt, isFolder } from '../store.js';
import type { Target } from './target.js';

/** How long to wait for somebody who coordinates: several times what a coordinator takes to answer. */
const askMs = 3_000;

/** `sf restore` */
export async function restore(savepoint: string, target: Target, out: Output): Promise<number> {
  if (target.nats !== undefined) await checkStopped(target);
  const { checkpoint, epoch } = await goBackTo(await existingStoreAt(target.checkpoints), savepoint);
  if (out.isJson) await out.json({ savepoint, checkpoint, epoch });
  else {
    await out.line(`The next start goes on from savepoint ${savepoint}, which is checkpoint ${checkpoint}.`);
    if (target.nats === undefined && !isFolder(target.checkpoints)) {
      out.note('Whether the application runs was not checked. Give --nats and --app, and it will be.');
    }
  }
  return exitCode.fine;
}

/** @throws SF_RUNNING */
async function checkStopped(target: Target): Promise<void> {
  const coordinator = await operate(target, (operator) => operator.status(askMs)).then(
    (status) => status.coordinator,
    (error: unknown) => {
      if (error instanceof StatefulFunctionsError && error.code === 'SF_NO_COORDINATOR') return undefined;
      throw error;
    },
  );
  if (coordinator === undefined) return;
  throw new StatefulFunctionsError(
    'SF_RUNNING',
    `${target.app} runs, coordinated by ${coordinator}. End it with \`sf drain\` first.`,
  );
}
