import { operate } from '../cluster.js';
import { ask } from '../control-socket.js';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { noAnswer, type Target } from './target.js';

/** `sf drain` */
export async function drain(target: Target, out: Output): Promise<number> {
  if (target.nats !== undefined) await operate(target, (operator) => operator.drain());
  else if ((await ask(target.checkpoints, { operation: 'drain' })) === undefined) throw noAnswer(target);
  if (out.isJson) await out.json({ draining: true });
  else await out.line('The application has been told to end.');
  return exitCode.fine;
}
