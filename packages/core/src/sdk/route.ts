import type { Ingress } from './ingress.js';
import { type Constructor, refuseStandardDecorator, registerRouter } from './registry.js';
import type { Router } from './router.js';

/** Hangs a router class on an ingress. Several may hang on one, and one on several: each sees every record. */
export function Route<T>(ingress: Ingress<T>): (type: Constructor<Router<T>>) => void {
  return (target: Constructor, context?: unknown) => {
    refuseStandardDecorator('Route', context);
    registerRouter(target, ingress as Ingress<unknown>);
  };
}
