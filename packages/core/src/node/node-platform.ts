import type { Platform } from '../ports/platform.js';
import { NodeClock } from './node-clock.js';
import { NodeEventLoopDelay } from './node-event-loop-delay.js';
import { NodeFileSystem } from './node-file-system.js';
import { NodeRandom } from './node-random.js';
import { NodeScheduler } from './node-scheduler.js';

/** Node.js and the machine it runs on: the platform of every real application. */
export function nodePlatform(): Platform {
  return {
    clock: new NodeClock(),
    scheduler: new NodeScheduler(),
    random: new NodeRandom(),
    files: new NodeFileSystem(),
    measureEventLoop: () => new NodeEventLoopDelay(),
  };
}
