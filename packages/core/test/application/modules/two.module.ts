import { Module } from '../../../src/index.js';

@Module()
export class First {
  configure(): void {}
}

@Module()
export class Second {
  configure(): void {}
}
