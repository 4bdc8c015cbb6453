import { isMainThread } from 'node:worker_threads';
import { endWithParent } from './end-with-parent.js';

// Imported before a program that knows nothing of the process that started it.
if (isMainThread) endWithParent();
