import { isMainThread } from 'node:worker_threads';
import { Module } from '../../../src/index.js';

// A file that loads in the main thread and nowhere else.
if (!isMainThread) throw new Error('this is no place for it');

@Module()
export class ElsewhereModule {
  configure(): void {}
}
