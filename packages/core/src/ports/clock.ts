/**
 * Time, as the runtime sees it.
 *
 * Nothing in this package reads the machine's clock except through this port, so a simulator can own time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump in either direction. */
  now(): number;
  /** Milliseconds since an arbitrary origin; never goes back. */
  monotonic(): number;
}
