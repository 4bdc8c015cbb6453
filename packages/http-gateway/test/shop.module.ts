import { Module } from '@stateful-functions/core';
import { Shop } from './shop.js';

/** The functions under test, for worker threads, which load the file themselves. */
@Module()
export class ShopModule extends Shop {}
