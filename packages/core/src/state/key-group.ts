import { xxh32OfText } from './xxh32.js';

/** Names the function behind `keyGroupOf`; manifests hold it, since another function would look for state elsewhere. */
export const keyGroupHash = 'xxh32';

/**
 * The key group of an id: the unit in which state and work are dealt out to workers.
 *
 * It depends on the id alone and not on the function type, so that `user/42` and `cart/42` live on one worker and talk without
 * a network between them.
 */
export function keyGroupOf(id: string, maxParallelism: number): number {
  return xxh32OfText(id) % maxParallelism;
}
