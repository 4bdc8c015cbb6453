import type { Ingress } from './ingress.js';
import { registry } from './registry.js';
import type { Router } from './router.js';

/** Marks a class as a router of an ingress. Several may hang on one ingress; each sees every record. */
export function Route<T>(ingress: Ingress<T>): (constructor: new (...args: never[]) => Router<T>) => void {
  return (constructor) => registry.setRoute(constructor, ingress as Ingress<unknown>);
}
