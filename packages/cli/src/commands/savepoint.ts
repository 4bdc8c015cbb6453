import { operate } from '../cluster.js';
import { ask } from '../control-socket.js';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { noAnswer, type Target } from './target.js';

/** `sf savepoint` */
export async function savepoint(name: string, target: Target, out: Output): Promise<number> {
  if (target.nats !== undefined) await operate(target, (operator) => operator.savepoint(name));
  else if ((await ask(target.checkpoints, { operation: 'savepoint', name })) === undefined) throw noAnswer(target);
  if (out.isJson) await out.json({ savepoint: name });
  else await out.line(`There is a savepoint ${name}.`);
  return exitCode.fine;
}
